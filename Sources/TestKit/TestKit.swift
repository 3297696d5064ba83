// TestKit: being furnished.
