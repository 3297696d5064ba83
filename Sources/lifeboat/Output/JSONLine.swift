// JSONLine: one JSON object on one line, in restic's vocabulary.

import Bytes

struct JSONLine {
    private var writer = JSONWriter()

    init(_ messageType: String? = nil) {
        writer.beginObject()
        if let messageType {
            writer.key("message_type")
            writer.string(messageType)
        }
    }

    /// The finished object.
    var text: String {
        var writer = writer
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func adding(_ key: String, _ body: (inout JSONWriter) -> Void) -> JSONLine {
        var copy = self
        copy.writer.key(key)
        body(&copy.writer)
        return copy
    }

    func string(_ key: String, _ value: String?) -> JSONLine {
        guard let value else { return self }
        return adding(key) { $0.string(value) }
    }

    func bytes(_ key: String, _ value: [UInt8]) -> JSONLine { adding(key) { $0.string(value) } }

    func number(_ key: String, _ value: UInt64, omitZero: Bool = false) -> JSONLine {
        omitZero && value == 0 ? self : adding(key) { $0.integer(value) }
    }

    func fraction(_ key: String, _ value: Double) -> JSONLine { adding(key) { $0.raw("\(value)") } }

    func bool(_ key: String, _ value: Bool, omitFalse: Bool = false) -> JSONLine {
        omitFalse && !value ? self : adding(key) { $0.bool(value) }
    }

    func time(_ key: String, _ value: Timestamp) -> JSONLine { adding(key) { $0.timestamp(value) } }

    func strings(_ key: String, _ values: [String]) -> JSONLine {
        adding(key) { writer in
            writer.beginArray()
            for value in values { writer.string(value) }
            writer.endArray()
        }
    }

    func raw(_ key: String, _ json: String) -> JSONLine { adding(key) { $0.raw(json) } }
}
