// ColonCompletion: what bash needs besides the generated script to complete names like `backup:database`.
//
// Readline breaks words at `:` and `=` (COMP_WORDBREAKS, which belongs to the user and is left alone): the generated function would see
// "backup", ":", "da" where the person has typed one word, and whatever it answers replaces only what stands behind the colon.
//
// 1. The words before the cursor are put together again. 2. A name with a colon is completed here, and what readline has already is
// cut off from the answers. 3. Everything else goes to the generated function. zsh and fish know nothing of such breaks.

enum ColonCompletion {
    static func bash(generated script: String, names: [String]) -> String {
        script.replacing("complete -o filenames -F _lifeboat lifeboat", with: wrapper(names))
    }

    private static func wrapper(_ names: [String]) -> String {
        """
        # Joins what readline broke at ":" and "=", then completes the names with colons itself.
        _lifeboat_whole_words() {
            local cur="${2}" prev="${3}" group="" index
            local -a whole=("${COMP_WORDS[@]::COMP_CWORD + 1}")
            if [[ "${whole[2]-}" = : ]]; then
                group="${whole[1]}:"
                if ((COMP_CWORD <= 3)); then
                    [[ "${cur}" = : ]] && cur=""
                    COMPREPLY=($(compgen -W '\(names.joined(separator: " "))' -- "${group}${cur}"))
                    COMPREPLY=("${COMPREPLY[@]#"${group}"}")
                    return
                fi
                whole=("${whole[0]}" "${group}${whole[3]}" "${whole[@]:4}")
            fi
            for index in "${!whole[@]}"; do
                [[ "${whole[index]}" = "=" ]] || continue
                if ((index == ${#whole[@]} - 1)); then whole[index]="" cur=""; else unset "whole[index]"; fi
            done
            whole=("${whole[@]}")
            COMP_WORDS=("${whole[@]}")
            COMP_CWORD=$((${#whole[@]} - 1))
            ((COMP_CWORD > 0)) && prev="${COMP_WORDS[COMP_CWORD - 1]}"
            _lifeboat "${1}" "${cur}" "${prev}"
        }

        complete -o filenames -F _lifeboat_whole_words lifeboat
        """
    }
}
