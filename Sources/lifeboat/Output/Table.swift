// Table: columns that line up, for people.

struct Table {
    private let header: [String]
    private var rows: [[String]] = []
    private let rightAligned: Set<Int>

    init(_ header: [String], rightAligned: Set<Int> = []) {
        self.header = header
        self.rightAligned = rightAligned
    }

    mutating func append(_ row: [String]) { rows.append(row) }

    /// The lines, without trailing spaces.
    var lines: [String] {
        let widths = header.indices.map { column in
            ([header] + rows).map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        func line(_ row: [String]) -> String {
            let cells = row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: max(0, widths[column] - text.count))
                return rightAligned.contains(column) ? padding + text : text + padding
            }
            var joined = cells.joined(separator: "  ")
            while joined.last == " " { joined.removeLast() }
            return joined
        }
        return [Style.bold.on(stdout: line(header))] + rows.map(line)
    }

    func print() { for line in lines { Console.out(line) } }
}
