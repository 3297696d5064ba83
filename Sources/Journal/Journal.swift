// Journal: being furnished.
