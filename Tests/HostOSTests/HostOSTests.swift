// HostOSTests
