// RepositoryEngineTests
