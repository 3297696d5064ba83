// FileTrees: being furnished.
