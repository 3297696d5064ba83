// RepositoryFormatTests
