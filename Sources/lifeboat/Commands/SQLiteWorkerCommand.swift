// `lifeboat sqlite-worker` (hidden): the child process in which every database file is opened; see Databases/SQLite/SQLiteWorker.

import ArgumentParser
import Bytes
import Databases
import Foundation
import HostOS

struct SQLiteWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "sqlite-worker", abstract: "Internal.", shouldDisplay: false)

    func run() throws {
        let request = try FileHandle.standardInput.read(upToCount: SQLiteWorker.maximumByteCount) ?? Data()
        let answer = SQLiteWorker.serve(request: Array(request))
        // Whoever asked may have been killed meanwhile: then nobody is left to be told.
        try? StandardStreams.write(answer.span)
    }
}
