// RepositoryEngine: being furnished.
