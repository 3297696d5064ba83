// Upkeep: being furnished.
