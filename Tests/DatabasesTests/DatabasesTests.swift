// DatabasesTests
