// FileTreesTests
