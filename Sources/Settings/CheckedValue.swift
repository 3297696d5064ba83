// CheckedValue: a part of the settings file whose form is known to be good. What the reader builds its values from.

import Bytes

struct CheckedValue {
    indirect enum Content {
        case text(String)
        case integer(Int)
        case boolean(Bool)
        case size(ByteCount)
        case duration(Duration)
        case span(RetentionSpan)
        case share(Percentage)
        case calendar(CalendarPhrase)
        case list([CheckedValue])
        case map([(key: String, keyPosition: SettingsPosition, value: CheckedValue)])
    }

    let position: SettingsPosition
    let content: Content
    /// The keys of a map, those with values of a wrong form included.
    let said: Set<String>

    init(position: SettingsPosition, content: Content, said: Set<String> = []) {
        self.position = position
        self.content = content
        self.said = said
    }

    var text: String? { if case .text(let value) = content { value } else { nil } }
    var path: BytePath? { text.map { BytePath($0) } }
    var integer: Int? { if case .integer(let value) = content { value } else { nil } }
    var boolean: Bool? { if case .boolean(let value) = content { value } else { nil } }
    var size: ByteCount? { if case .size(let value) = content { value } else { nil } }
    var duration: Duration? { if case .duration(let value) = content { value } else { nil } }
    var span: RetentionSpan? { if case .span(let value) = content { value } else { nil } }
    var share: Percentage? { if case .share(let value) = content { value } else { nil } }
    var calendar: CalendarPhrase? { if case .calendar(let value) = content { value } else { nil } }
    var list: [CheckedValue]? { if case .list(let values) = content { values } else { nil } }
    var entries: [(key: String, keyPosition: SettingsPosition, value: CheckedValue)]? {
        if case .map(let entries) = content { entries } else { nil }
    }
    var isMap: Bool { entries != nil }
    var isSwitchedOff: Bool { boolean == false }

    /// Whether a map has the key at all, well formed or not: what is there and wrong must not be called missing too.
    func says(_ key: String) -> Bool { said.contains(key) }

    /// The value of a map's key; nil if it is absent, was not well formed, or if this is no map.
    subscript(key: String) -> CheckedValue? { entries?.last { $0.key == key }?.value }

    /// The words of a list, or a single word as a list of one.
    var words: [String] { list.map { $0.compactMap(\.text) } ?? text.map { [$0] } ?? [] }

    func choice<Choice: RawRepresentable<String>>(_ type: Choice.Type) -> Choice? { text.flatMap { Choice(rawValue: $0) } }
}
