// CheckedValue: a part of the settings file whose form is known to be good. What the reader builds its values from.

import Bytes

/// A value and where it stands.
struct CheckedValue {
    let position: SettingsPosition
    let content: CheckedContent

    init(position: SettingsPosition, content: CheckedContent) {
        self.position = position
        self.content = content
    }
}

/// One key of a map.
struct CheckedEntry {
    let key: String
    let keyPosition: SettingsPosition
    /// Nil if the value is there and has a wrong form: such a key must not be called missing too.
    let value: CheckedValue?
}

enum CheckedContent {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    case size(ByteCount)
    case duration(Duration)
    case span(RetentionSpan)
    case share(Percentage)
    case calendar(CalendarPhrase)
    case list([CheckedValue])
    case map([CheckedEntry])
}

extension CheckedValue {
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
    var isMap: Bool { if case .map = content { true } else { false } }
    var isSwitchedOff: Bool { boolean == false }

    /// The keys of a map; none for anything else.
    var entries: [CheckedEntry] { if case .map(let entries) = content { entries } else { [] } }

    /// Whether a map has the key at all, well formed or not.
    func says(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// Whether every value of a map has its form.
    var isWellFormed: Bool { entries.allSatisfy { $0.value != nil } }

    /// The value of a map's key; nil if it is absent, has a wrong form, or if this is no map.
    subscript(key: String) -> CheckedValue? { entries.last { $0.key == key }?.value }

    /// The words of a list, or a single word as a list of one.
    var words: [String] { list.map { $0.compactMap(\.text) } ?? text.map { [$0] } ?? [] }

    func choice<Choice: RawRepresentable<String>>(_ type: Choice.Type) -> Choice? { text.flatMap { Choice(rawValue: $0) } }
}
