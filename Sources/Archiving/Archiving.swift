// Archiving: being furnished.
