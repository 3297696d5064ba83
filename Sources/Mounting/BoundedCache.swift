// BoundedCache: values that are dear to make, kept as long as they fit: what was used last stays, and the one made last always.
//
// 1. Who asks for a value that is there gets it, and makes it the newest. 2. Who asks for one that is not there makes it, outside of the
// lock. 3. Who asks for one that another thread is making waits for it: the kernel reads ahead on several threads, and all of them want the
// same blob. 4. If making it fails, everyone who waits tries for himself.

import HostOS

package final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let state: Monitored<State>

    /// - Parameter limit: of the costs of all values together, in bytes.
    package init(limit: Int) { state = Monitored(State(limit: limit)) }

    /// How much all the values cost now, in bytes.
    package var cost: Int { state.update { $0.cost } }

    /// - Parameters:
    ///   - cost: of a value in bytes.
    ///   - make: may block; runs on this thread.
    package func value(for key: Key, cost: (Value) -> Int, make: () throws -> Value) throws -> Value {
        let known: Value? = state.wait { state in
            if let value = state.use(key) { return .some(.some(value)) }
            return state.making.insert(key).inserted ? .some(.none) : .none
        }
        if let known { return known }
        do {
            let value = try make(), price = cost(value)
            state.update { state in
                state.making.remove(key)
                state.keep(value, as: key, cost: price)
            }
            return value
        } catch {
            state.update { state in _ = state.making.remove(key) }
            throw error
        }
    }

    /// A list from the newest to the oldest, whose links are places in an array, and where to find each key in it.
    private struct State {
        private struct Item {
            var key: Key
            var value: Value?
            var cost: Int
            var newer: Int
            var older: Int
        }

        private static var none: Int { -1 }

        let limit: Int
        private(set) var cost = 0
        var making: Set<Key> = []
        private var items: [Item] = []
        private var places: [Key: Int] = [:]
        private var free: [Int] = []
        private var newest = State.none
        private var oldest = State.none

        init(limit: Int) { self.limit = limit }

        mutating func use(_ key: Key) -> Value? {
            guard let place = places[key] else { return nil }
            unlink(place)
            link(place)
            return items[place].value
        }

        mutating func keep(_ value: Value, as key: Key, cost: Int) {
            let item = Item(key: key, value: value, cost: cost, newer: State.none, older: State.none)
            let place: Int
            if let spare = free.popLast() {
                items[spare] = item
                place = spare
            } else {
                items.append(item)
                place = items.count - 1
            }
            places[key] = place
            link(place)
            self.cost += cost
            while self.cost > limit, oldest != place { drop(oldest) }
        }

        private mutating func drop(_ place: Int) {
            unlink(place)
            cost -= items[place].cost
            places[items[place].key] = nil
            items[place].value = nil
            free.append(place)
        }

        private mutating func link(_ place: Int) {
            items[place].newer = State.none
            items[place].older = newest
            if newest != State.none { items[newest].newer = place } else { oldest = place }
            newest = place
        }

        private mutating func unlink(_ place: Int) {
            let newer = items[place].newer, older = items[place].older
            if newer != State.none { items[newer].older = older } else { newest = older }
            if older != State.none { items[older].newer = newer } else { oldest = newer }
        }
    }
}
