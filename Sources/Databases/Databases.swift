// Databases: being furnished.
