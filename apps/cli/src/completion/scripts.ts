/** Completion for bash: asks the program itself, which knows commands, options and the names that exist now. */
export const bashScript = `# bash completion for polyvisor
_polyvisor() {
  local IFS=$'\\n' words=("\${COMP_WORDS[@]:1:COMP_CWORD}") line=\${COMP_LINE:0:COMP_POINT} current
  # bash splits at = and :; the words are taken from the line so that tag=web stays one.
  if [[ $line == *[=:]* ]]; then
    local IFS=$' \\t\\n'; read -ra words <<<"$line"; words=("\${words[@]:1}")
    [[ $line == *[[:space:]] ]] && words+=("")
    IFS=$'\\n'
  fi
  current=\${words[\${#words[@]}-1]}
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null | cut -f1))
  if [[ \${COMPREPLY[0]} == ":files" ]]; then compopt -o default; COMPREPLY=(); return; fi
  if [[ $current == *[=:]* && $COMP_WORDBREAKS == *=* ]]; then
    local prefix=\${current%"\${current##*[=:]}"} i
    for i in "\${!COMPREPLY[@]}"; do COMPREPLY[$i]=\${COMPREPLY[$i]#"$prefix"}; done
  fi
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _polyvisor polyvisor ./polyvisor
`;

/** Completion for zsh, with the meaning of each word beside it. */
export const zshScript = `#compdef polyvisor
_polyvisor() {
  local -a values described
  local line word
  while IFS= read -r line; do
    word=\${line%%$'\\t'*}
    if [[ $word == ":files" ]]; then _files; return; fi
    values+=("$word")
    if [[ $line == *$'\\t'* ]]; then described+=("$word -- \${line#*$'\\t'}"); else described+=("$word"); fi
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  compadd -Q -l -d described -a values
}
if [[ $funcstack[1] == _polyvisor ]]; then _polyvisor "$@"; else compdef _polyvisor polyvisor; fi
`;
