// SettingsSchema: the table of keys as a JSON Schema (2020-12), for editors: `lifeboat config schema`.
//
// The schema is looser than the reader where JSON Schema cannot say a thing shortly (calendar phrases, addresses): what it
// refuses the reader refuses, not the other way round.

package enum SettingsSchema {
    /// The schema's text, ending with a line break. The same for every run of the same version.
    package static func text() -> String {
        var schema = SettingsTable.root.schema
        schema.insert(("$schema", .text("https://json-schema.org/draft/2020-12/schema")), at: 0)
        schema.insert(("title", .text("lifeboat.yaml")), at: 1)
        return JSONValue.object(schema).text(indent: 0) + "\n"
    }
}

/// As much JSON as a schema needs.
private indirect enum JSONValue {
    case text(String), number(Int), boolean(Bool), array([JSONValue]), object([(String, JSONValue)])

    func text(indent: Int) -> String {
        let inner = String(repeating: "  ", count: indent + 1), outer = String(repeating: "  ", count: indent)
        switch self {
        case .text(let text): return JSONValue.quoted(text)
        case .number(let number): return "\(number)"
        case .boolean(let value): return value ? "true" : "false"
        case .array(let values): return "[" + values.map { $0.text(indent: indent) }.joined(separator: ", ") + "]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { "\(inner)\(JSONValue.quoted($0.0)): \($0.1.text(indent: indent + 1))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }
}

extension Shape {
    fileprivate var schema: [(String, JSONValue)] {
        switch self {
        case .text, .path: [("type", .array([.text("string"), .text("number")]))]
        case .integer(let range): [("type", .text("integer")), ("minimum", .number(range.lowerBound)), ("maximum", .number(range.upperBound))]
        case .boolean: [("type", .text("boolean"))]
        case .size: Shape.pattern("^[0-9]+ *([KMGTkmgt]([iI]?[bB])?|[bB])$|^0$")
        case .duration: Shape.pattern("^([0-9]+(s|sec|m|min|h|d|w))+$")
        case .retentionSpan: Shape.pattern("^([0-9]+[ymwdh])+$")
        case .share: Shape.pattern("^[0-9]{1,3}(\\.[0-9]{1,2})?%$")
        case .calendar: [("type", .text("string")), ("examples", .array(["daily 02:00", "sunday 03:00", "1st sunday 05:00"].map { .text($0) }))]
        case .choice(let words): [("enum", .array(words.map { .text($0) }))]
        case .switchedOff: [("const", .boolean(false))]
        case .list(let element, let minimum): [("type", .text("array")), ("minItems", .number(minimum)), ("items", .object(element.schema))]
        case .map(let keys, let others): Shape.schema(keys, others)
        case .either(let shapes): [("anyOf", .array(shapes.map { .object($0.schema) }))]
        case .refused: [("not", .object([]))]
        }
    }

    private static func pattern(_ pattern: String) -> [(String, JSONValue)] { [("type", .text("string")), ("pattern", .text(pattern))] }

    private static func schema(_ keys: [Key], _ others: Names?) -> [(String, JSONValue)] {
        let known = keys.filter { !$0.isRefused }
        let properties = known.map { key in
            let note = key.isActive ? key.purpose : key.purpose + " (accepted, has no effect in this version)"
            return (key.name, JSONValue.object([("description", .text(note))] + key.shape.schema))
        }
        var members: [(String, JSONValue)] = [("type", .text("object"))]
        if !properties.isEmpty { members.append(("properties", .object(properties))) }
        let required = known.filter(\.isRequired).map { JSONValue.text($0.name) }
        if !required.isEmpty { members.append(("required", .array(required))) }
        members.append(("additionalProperties", others.map { .object($0.shape.schema) } ?? .boolean(false)))
        return members
    }
}
