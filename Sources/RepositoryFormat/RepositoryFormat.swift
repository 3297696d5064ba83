// RepositoryFormat: being furnished.
