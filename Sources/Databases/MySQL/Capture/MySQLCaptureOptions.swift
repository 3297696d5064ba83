// MySQLCaptureOptions: what a dump of a database is asked to do, and what it may not do.

package import HostOS

package struct MySQLCaptureOptions: Sendable {
    /// What to do about tables that no snapshot covers (MyISAM, Aria, MEMORY …): they may change while they are read.
    package enum NonTransactional: String, Sendable, CaseIterable {
        /// Keep writers out of them while they are read.
        case lock
        /// Read them all the same, and say so in the manifest.
        case warn
        /// Make no backup.
        case refuse
    }

    /// Connections that read rows side by side.
    package var readerCount: Int
    /// Names of tables of which only the structure is kept; `*` stands for any characters.
    package var structureOnly: [String]
    package var nonTransactional: NonTransactional
    /// Ask for the account's privileges first. Only a comparison with something we restored ourselves may do without.
    package var checksGrants: Bool
    /// Also write the accounts that the definitions belong to, and those with rights on the database.
    package var readsAccounts: Bool
    /// How often to begin again when tables are changed while they are read.
    package var attempts: Int
    package var clock: any Clock

    package init(
        readerCount: Int = 2, structureOnly: [String] = [], nonTransactional: NonTransactional = .warn, checksGrants: Bool = true,
        readsAccounts: Bool = true, attempts: Int = 3, clock: any Clock = SystemClock()
    ) {
        self.readerCount = readerCount
        self.structureOnly = structureOnly
        self.nonTransactional = nonTransactional
        self.checksGrants = checksGrants
        self.readsAccounts = readsAccounts
        self.attempts = attempts
        self.clock = clock
    }

    func keepsOnlyStructure(_ table: SchemaText) -> Bool {
        structureOnly.contains { Self.matches(table.bytes[...], Array($0.utf8)[...]) }
    }

    private static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        guard let wanted = pattern.first else { return name.isEmpty }
        if wanted == UInt8(ascii: "*") { return (name.startIndex...name.endIndex).contains { matches(name[$0...], pattern.dropFirst()) } }
        return name.first == wanted && matches(name.dropFirst(), pattern.dropFirst())
    }
}
