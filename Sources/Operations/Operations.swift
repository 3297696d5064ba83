// Operations: being furnished.
