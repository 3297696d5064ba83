// Settings: being furnished.
