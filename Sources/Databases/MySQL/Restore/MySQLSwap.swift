// MySQLSwap: proved tables in a scratch database take the place of live ones, all in one step.
//
// 1. journal    What will be done, and how to undo it, is written down on the server (SwapJournal).
// 2. prepare    What stands in the way of the rename goes: triggers (a table with triggers cannot change its database), views with the
//               name of a new table. A database that was not there is made.
// 3. rename     One RENAME TABLE: every live table into the database `lifeboat_old_…`, every new one into its place. The server does all of
//               it or nothing, also when it crashes; applications wait for it and then see the new tables.
// 4. finish     Triggers first, because until then writes of an application pass without them (milliseconds; maintenance mode closes even
//               that), then routines, views, events, foreign keys of tables that stayed, the database's character set.
// 5. done       The replaced tables are removed, or kept if asked.
//
// If anything fails before the end, everything is undone: the live database is as it was, and what was to replace it is kept until the caller
// discards it. If we are killed, the journal stays: the next restore undoes a swap that had not renamed yet and finishes one that had
// (`recover`), because then the proved tables are in place already. If even undoing fails, nothing is removed, and the message names the
// database that has the old tables.
//
// Not kept: privileges on single routines that changed (DROP takes them along), and what a killed server loses of its own files.

import Bytes

/// The steps of a swap, in their order; seen by tests that stop after each of them.
package enum MySQLSwapStep: Int, CaseIterable, Sendable {
    case journaled, prepared, renamed, recorded, finished, closed
}

struct MySQLSwap {
    typealias Observer = (MySQLSwapStep) throws -> Void

    let connection: MySQLConnection
    let names: RestoreNames
    private static let operation = "put the restored tables in place"

    /// Carries out a plan. Returns the database that keeps the replaced tables; nil if they were removed.
    ///
    /// - Parameter observe: what it throws ends the swap where it is, as a kill would: nothing is undone.
    /// - Throws: `MySQLFailure`; then the live database is as before, unless the failure says otherwise.
    func run(_ plan: SwapJournal, _ observe: Observer) throws -> SchemaText? {
        var journal = plan
        try connection.define("CREATE DATABASE \(identifier: names.old)", to: Self.operation)
        do throws(MySQLFailure) {
            try journal.write(to: names.old, connection)
        } catch {
            try? RestoreNames.drop(names.old, connection)
            throw error
        }
        try observe(.journaled)
        try attempt(&journal) { (journal) throws(MySQLFailure) in try journal.run(.prepare, connection, to: Self.operation) }
        try observe(.prepared)
        try attempt(&journal) { (journal) throws(MySQLFailure) in try journal.run(.rename, connection, to: Self.operation) }
        try observe(.renamed)
        try attempt(&journal) { (journal) throws(MySQLFailure) in try journal.move(to: .renamed, in: names.old, connection) }
        try observe(.recorded)
        try attempt(&journal) { (journal) throws(MySQLFailure) in try journal.run(.finish, connection, to: Self.operation) }
        try observe(.finished)
        try attempt(&journal) { (journal) throws(MySQLFailure) in try journal.move(to: .finished, in: names.old, connection) }
        try observe(.closed)
        try Self.close(journal, names, connection)
        return journal.keepsOld ? names.old : nil
    }

    private func attempt(_ journal: inout SwapJournal, _ body: (inout SwapJournal) throws(MySQLFailure) -> Void) throws(MySQLFailure) {
        do throws(MySQLFailure) {
            try body(&journal)
        } catch {
            let cause = error
            do throws(MySQLFailure) {
                // A lost connection cannot undo anything; the next restore will.
                try Self.undo(&journal, names, connection)
            } catch {
                throw MySQLFailure(
                    .refused, Self.operation, connection.server, "\(cause.reason); and what was begun could not be undone: \(error.reason)",
                    hint: "the replaced tables are in the database '\(names.old)'; start the restore again: it first finishes or undoes this one")
            }
            throw cause
        }
    }

    // MARK: After a kill

    /// What became of a swap that was cut short.
    enum Recovery: Hashable {
        /// The live database is as it was before the swap.
        case undone
        /// The restored tables are in place.
        case finished
        /// It was finished, and its old tables are kept as asked.
        case kept
    }

    /// Ends a swap that died; nil if `names` has none, or one of another database.
    static func recover(_ names: RestoreNames, target: SchemaText, _ connection: MySQLConnection) throws(MySQLFailure) -> Recovery? {
        guard try RestoreNames.exists(names.old, connection) else { return nil }
        guard var journal = try SwapJournal.read(from: names.old, connection) else {
            try RestoreNames.drop(names.old, connection)
            return nil
        }
        guard journal.target == target else { return nil }
        switch journal.state {
        case .finished:
            if journal.keepsOld { return .kept }
            try close(journal, names, connection)
            return .finished
        case .renamed: break
        case .undoing:
            try undo(&journal, names, connection)
            return .undone
        case .prepared:
            guard try journal.isRenamed(connection) else {
                try undo(&journal, names, connection)
                return .undone
            }
        }
        try journal.move(to: .renamed, in: names.old, connection)
        try journal.run(.finish, connection, to: "finish an earlier restore")
        try journal.move(to: .finished, in: names.old, connection)
        try close(journal, names, connection)
        return journal.keepsOld ? .kept : .finished
    }

    // MARK: Steps

    private static func undo(_ journal: inout SwapJournal, _ names: RestoreNames, _ connection: MySQLConnection) throws(MySQLFailure) {
        let operation = "undo the swap"
        // Going back is worth a longer wait than going on.
        try connection.execute("SET SESSION lock_wait_timeout = 600", to: operation)
        let isRenamed = try journal.isRenamed(connection)
        try journal.move(to: .undoing, in: names.old, connection)
        if isRenamed {
            try journal.run(.undoFinish, connection, to: operation)
            try journal.run(.renameBack, connection, to: operation)
        }
        try journal.run(.undoPrepare, connection, to: operation)
        if journal.makesTarget, try isEmpty(journal.target, connection) { try RestoreNames.drop(journal.target, connection) }
        try RestoreNames.drop(names.old, connection)
    }

    private static func isEmpty(_ database: SchemaText, _ connection: MySQLConnection) throws(MySQLFailure) -> Bool {
        for (table, column): (SQLText, SQLText) in [("TABLES", "TABLE_SCHEMA"), ("ROUTINES", "ROUTINE_SCHEMA"), ("EVENTS", "EVENT_SCHEMA")] {
            let rows = try connection.query(
                "SELECT 1 FROM information_schema.\(sql: table) WHERE \(sql: .isDatabase(column, database)) LIMIT 1", to: "undo the swap")
            if !rows.isEmpty { return false }
        }
        return true
    }

    private static func close(_ journal: SwapJournal, _ names: RestoreNames, _ connection: MySQLConnection) throws(MySQLFailure) {
        if !journal.keepsOld { try RestoreNames.drop(names.old, connection) }
        try RestoreNames.drop(names.scratch, connection)
    }
}
