// RepairAdvice: the commands that put a damaged repository right, as a person types them.

import RepositoryFormat
package import Upkeep

extension CheckResult.Repair {
    /// For arguments that are read, not only copied.
    private static let shownPackCount = 8

    package var command: String {
        switch self {
        case .index: "lifeboat repair index"
        case .indexFromAllPacks: "lifeboat repair index --read-all-packs"
        case .packs(let packs) where packs.count <= CheckResult.Repair.shownPackCount:
            "lifeboat repair packs \(packs.map(\.short).joined(separator: " "))"
        case .packs: "lifeboat repair packs"
        case .snapshots: "lifeboat repair snapshots --forget"
        case .removeKey(let key): "lifeboat key remove \(key.short)"
        }
    }

    package var purpose: String {
        switch self {
        case .index, .indexFromAllPacks: "makes the index anew from the data that is there"
        case .packs: "saves what is whole in damaged packs; copies of them are kept"
        case .snapshots: "takes what is lost out of the snapshots"
        case .removeKey: "takes a damaged key away; its password has to be added again"
        }
    }

    /// One sentence.
    var advice: String { "`\(command)` \(purpose)." }
}
