// SourceChoice: which part of an application a command is about: one source, or all of them.

import ArgumentParser
import Operations

enum SourceChoice: String, CaseIterable, ExpressibleByArgument {
    case database, files, config, all

    var sources: Set<AppSource> { AppSource(rawValue: rawValue).map { [$0] } ?? Set(AppSource.allCases) }
}
