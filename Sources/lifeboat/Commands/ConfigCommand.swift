// `lifeboat config validate|show|schema`: the settings file.

import ArgumentParser
import Bytes
import HostOS
import Operations
import Settings

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check, show or describe the settings.", subcommands: [Validate.self, Show.self, Schema.self])

    struct Validate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the settings file, and list every problem with its place.",
            discussion: "Example:\n  lifeboat config validate\n\nExit status 78 means that there are problems.")

        @Option(name: .long, help: "The settings file. Default: lifeboat.yaml here or above.")
        var config: String?

        @OptionGroup var output: OutputOptions

        func run() throws {
            let file = try AppLookup(explicit: config.map { BytePath($0) }).find()
            let settings = try AppLookup.read(file)
            let application = try SettingsText.resolved(settings)
            for text in settings.inactive + application.notices { Console.warning(text) }
            if output.json { return Console.out(JSONLine().bool("valid", true).string("file", file.description).text) }
            if !output.quiet { Console.out("\(Style.good.on(stdout: "✓")) \(file) is valid: application '\(application.name)'") }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print everything in force: what the file says, what was found, what is default.",
            discussion: "Examples:\n  lifeboat config show\n  lifeboat config show --json")

        @Option(name: .long, help: "The settings file. Default: lifeboat.yaml here or above.")
        var config: String?

        @OptionGroup var output: OutputOptions

        func run() throws {
            let settings = try AppLookup.read(AppLookup(explicit: config.map { BytePath($0) }).find())
            let text = SettingsText(settings, try SettingsText.resolved(settings))
            Console.out(output.json ? text.json : text.lines.joined(separator: "\n"))
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the JSON Schema of the settings file, for editors.",
            discussion: "Example:\n  lifeboat config schema > lifeboat.schema.json")

        func run() { Console.outWithoutNewline(SettingsSchema.text()) }
    }
}
