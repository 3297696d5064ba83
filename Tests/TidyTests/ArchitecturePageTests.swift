// ArchitecturePageTests: the table in docs/ARCHITECTURE.md says what LayerTable says, room by room and in the same order.

import Testing

@Suite struct `The table of docs/ARCHITECTURE.md` {
    private struct Row: Equatable {
        let room: String
        let own: Set<String>
        let external: Set<String>
    }

    /// Rows of four cells: layer, room (a ring marks a reserved one), own imports, external ones; a dash is none.
    private func rows(of page: String) -> [Row] {
        page.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { $0.split(separator: " ").map(String.init) }
            guard cells.count == 6, let room = cells[2].first, LayerTable.room(named: room) != nil else { return nil }
            return Row(room: room, own: Set(cells[3]).subtracting(["—"]), external: Set(cells[4]).subtracting(["—"]))
        }
    }

    @Test func `is the table that the tests hold`() throws {
        let found = rows(of: try RepositoryTree.text(of: "docs/ARCHITECTURE.md"))
        #expect(found.map(\.room) == LayerTable.rooms.map(\.name))
        for (row, room) in zip(found, LayerTable.rooms) {
            #expect(row == Row(room: room.name, own: room.own, external: room.external))
        }
    }
}
