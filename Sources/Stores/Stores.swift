// Stores: being furnished.
