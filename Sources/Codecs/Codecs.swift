// Codecs: being furnished.
