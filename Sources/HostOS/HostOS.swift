// HostOS: being furnished.
