// TreeListing: a tree of the repository as a directory that can be shown: in the order of names, each of them once, and only what can be
// an entry of a directory. What a tree holds besides, by damage or by intent, is left out and counted.

import Bytes
package import RepositoryFormat

package final class TreeListing: Sendable {
    /// The kernel takes a whole directory for broken if one name is longer.
    static let maximumNameByteCount = 1024

    package let nodes: [Node]
    /// Entries that cannot be shown.
    package let leftOutCount: Int
    /// About how much memory it takes.
    let byteCount: Int

    package init(_ nodes: [Node]) {
        var kept = nodes.filter { $0.hasSafeName && $0.name.count <= TreeListing.maximumNameByteCount && $0.kind.posixTypeBits != 0 }
        if !zip(kept, kept.dropFirst()).allSatisfy({ $0.name.lexicographicallyPrecedes($1.name) }) { kept = TreeListing.inOrder(kept) }
        self.nodes = kept
        leftOutCount = nodes.count - kept.count
        byteCount = kept.reduce(256) { $0 + TreeListing.byteCount(of: $1) }
    }

    /// Of several entries of one name, the first is kept.
    private static func inOrder(_ nodes: [Node]) -> [Node] {
        let sorted = nodes.enumerated().sorted { a, b in
            a.element.name == b.element.name ? a.offset < b.offset : a.element.name.lexicographicallyPrecedes(b.element.name)
        }
        var kept: [Node] = []
        for (_, node) in sorted where kept.last?.name != node.name { kept.append(node) }
        return kept
    }

    private static func byteCount(of node: Node) -> Int {
        let attributes = node.extendedAttributes.reduce(0) { $0 + 96 + $1.name.count + $1.value.count }
        return MemoryLayout<Node>.stride + 64 + node.name.count + node.linkTarget.count + 32 * (node.content?.count ?? 0) + attributes
            + node.genericAttributes.count + node.userName.utf8.count + node.groupName.utf8.count
    }

    package func node(named name: [UInt8]) -> Node? {
        var low = 0, high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].name.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].name == name ? nodes[low] : nil
    }
}
