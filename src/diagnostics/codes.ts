// Made by generate.ts from the pages in docs/diagnostics; change those instead.
// biome-ignore-all format lint/suspicious/noTemplateCurlyInString: made by a program

interface Code<Template extends string> {
  readonly severity: 'error' | 'warning' | 'note'
  /** The message, with blanks in braces. */
  readonly template: Template
  /** The rest of the page, in Markdown. */
  readonly page: string
}

export const CODES: {
  readonly 'bad-address': Code<'"{value}" is not an {what} address'>
  readonly 'bad-repetition': Code<'{reason}'>
  readonly 'bad-value': Code<'{keyword} takes {syntax}, not "{value}"'>
  readonly 'byte-order-mark': Code<'the file begins with a byte order mark'>
  readonly 'endless-definition': Code<'a definition is replaced by itself without end'>
  readonly 'extra-brace': Code<'this "}" closes nothing'>
  readonly 'extra-words': Code<'words behind "{keyword}" are ignored'>
  readonly 'former-keyword': Code<'{block} no longer has a keyword "{keyword}"'>
  readonly 'include-loop': Code<'{file} includes itself, directly or through others'>
  readonly 'include-skipped': Code<'{file} is not included: {reason}'>
  readonly 'keyword-not-supported': Code<'sluice cannot do "{keyword}": {why}'>
  readonly 'keyword-without-effect': Code<'"{keyword}" has no effect in sluice: {why}'>
  readonly 'line-too-long': Code<'a line of {bytes} bytes: keepalived 2.2.7 cuts it after {bytesMax}'>
  readonly 'literal-dollar': Code<'nothing is defined as {name}, so the text stays as it is'>
  readonly 'misplaced-keyword': Code<'"{keyword}" belongs in {right}, not in {block}'>
  readonly 'missing-block': Code<'"{keyword}" needs a block in braces'>
  readonly 'missing-brace': Code<'{block} is never closed'>
  readonly 'missing-keyword': Code<'{block} has no {keyword}'>
  readonly 'missing-open-brace': Code<'"{block}" is not followed by "{"'>
  readonly 'missing-value': Code<'{keyword} needs a value: {syntax}'>
  readonly 'nested-too-deep': Code<'more than {depthMax} blocks inside each other'>
  readonly 'no-file-to-include': Code<'include "{pattern}" matches no file'>
  readonly 'nothing-included': Code<'include "{pattern}" matches no file'>
  readonly 'old-spelling': Code<'"{keyword}" is an old name of "{instead}"'>
  readonly 'out-of-range': Code<'{keyword} must be from {min} to {max}, not {value}'>
  readonly 'repeated-keyword': Code<'"{keyword}" is set more than once; the {counts} counts'>
  readonly 'repeated-name': Code<'{keyword} {name} is defined more than once'>
  readonly 'time-with-unit': Code<'{keyword} takes plain seconds, not "{value}"'>
  readonly 'too-many-lines': Code<'definitions and repetitions make more than {count} lines'>
  readonly 'unclosed-quote': Code<'a double quote is never closed'>
  readonly 'undefined-definition': Code<'{name} is not defined'>
  readonly 'unexpected-brace': Code<'"{keyword}" cannot be followed by "{"'>
  readonly 'unknown-keyword': Code<'{block} has no keyword "{keyword}"'>
  readonly 'unknown-name': Code<'there is no {what} named "{name}"'>
  readonly 'unknown-word': Code<'"{word}" means nothing {where}'>
  readonly 'unreadable-file': Code<'cannot read {file}: {reason}'>
} = {
  'bad-address': {
    severity: 'error',
    template: '"{value}" is not an {what} address',
    page: 'Addresses are written out: names are not looked up, except for smtp_server. keepalived leaves out the whole block of a server\nwhose address it cannot read.',
  },
  'bad-repetition': {
    severity: 'error',
    template: '{reason}',
    page: '`~SEQ(VAR, START, STEP, END)` repeats the rest of its line for each number, `~LST(VAR, A, B, C)` for each word. START is 1 and STEP\nis 1 unless they are given; `~SEQx` counts in hexadecimal. `~LST({A, B}, {1, 2}, {3, 4})` sets two variables at once.',
  },
  'bad-value': {
    severity: 'error',
    template: '{keyword} takes {syntax}, not "{value}"',
    page: 'The value is not of the form that the keyword takes. keepalived reports some of these, reads others up to the first strange\ncharacter, and keeps the default for the rest.',
  },
  'byte-order-mark': {
    severity: 'warning',
    template: 'the file begins with a byte order mark',
    page: 'Some editors put three invisible bytes before UTF-8 text. keepalived takes them for part of the first keyword, does not know\nthat keyword, and loses the whole block. sluice skips them.',
  },
  'endless-definition': {
    severity: 'error',
    template: 'a definition is replaced by itself without end',
    page: 'Definitions are put in until none is left. Two that name each other never end.',
  },
  'extra-brace': {
    severity: 'error',
    template: 'this "}" closes nothing',
    page: 'Everything that was opened is closed already. Often a block above ends too early: the brace that should close it closed\nsomething else.',
  },
  'extra-words': {
    severity: 'warning',
    template: 'words behind "{keyword}" are ignored',
    page: 'A line holds one keyword with its values, or one entry. What follows them is ignored without a word by keepalived, which is\nhow a second keyword on the same line gets lost:\n\n```\nstate BACKUP interface eth0 priority 100      # sets the state, and nothing else\n```',
  },
  'former-keyword': {
    severity: 'warning',
    template: '{block} no longer has a keyword "{keyword}"',
    page: 'The word is found in many articles and sample files, but keepalived does not know it (any more) and goes on without it.\nThe line has no effect in sluice either. Remove it, or write what is said beside it.\n\n`nat_mask` set the netmask of NAT in old versions; there is none to set any more. `nb_get_retry` was the name of `retry` in HTTP_GET and SSL_GET;\nother checks never had it, so their number of retries stays 1. In a real_server the forwarding method is called\n`lvs_method`, never `lb_kind`.',
  },
  'include-loop': {
    severity: 'error',
    template: '{file} includes itself, directly or through others',
    page: 'The file is being read already, or more than 32 files include each other. It is not read again.',
  },
  'include-skipped': {
    severity: 'warning',
    template: '{file} is not included: {reason}',
    page: 'Only regular files that are readable and not executable are included, as in keepalived.',
  },
  'keyword-not-supported': {
    severity: 'error',
    template: 'sluice cannot do "{keyword}": {why}',
    page: 'sluice knows what the word asks for and cannot do it, and running without it would be felt. Rather than do something else in\nsilence it refuses the configuration. docs/keywords.md lists all such words.',
  },
  'keyword-without-effect': {
    severity: 'note',
    template: '"{keyword}" has no effect in sluice: {why}',
    page: 'sluice knows the word and reads past it, because its absence changes nothing that matters on the network. docs/keywords.md\nlists all such words with the reason.',
  },
  'line-too-long': {
    severity: 'warning',
    template: 'a line of {bytes} bytes: keepalived 2.2.7 cuts it after {bytesMax}',
    page: 'keepalived 2.2.7 reads at most 1022 bytes of a line and takes the rest for another line. sluice reads the line whole, so the\ntwo may understand different things.',
  },
  'literal-dollar': {
    severity: 'warning',
    template: 'nothing is defined as {name}, so the text stays as it is',
    page: 'The word looks like the use of a definition. If it is meant literally, nothing is wrong.',
  },
  'misplaced-keyword': {
    severity: 'error',
    template: '"{keyword}" belongs in {right}, not in {block}',
    page: 'The word is a keyword, but of a block further out. Either it stands inside the wrong block, or a closing brace before it\nstands too late.',
  },
  'missing-block': {
    severity: 'error',
    template: '"{keyword}" needs a block in braces',
    page: 'The keyword opens a block, and there is none. Write an empty one, `{ }`, if nothing is to be said inside. keepalived would\ntake the next closing brace for the end of this block, and everything after that would be one level too deep.',
  },
  'missing-brace': {
    severity: 'error',
    template: '{block} is never closed',
    page: 'A block was opened and nothing closes it. The first mark shows where it was opened; the second shows the first thing that\ncannot be inside it, or the end of the file.\n\n```\nreal_server 192.168.41.31 80 {\n    TCP_CHECK {\n        connect_timeout 10\n    }\n                                 # "}" is missing here\nreal_server 192.168.41.33 80 {\n```\n\nkeepalived takes what follows for part of the open block. Here it would report the second real_server as an unknown\nkeyword and check the first one with the words of the second.',
  },
  'missing-keyword': {
    severity: 'error',
    template: '{block} has no {keyword}',
    page: 'Without this keyword the block has no meaning, and it is left out as a whole.',
  },
  'missing-open-brace': {
    severity: 'error',
    template: '"{block}" is not followed by "{"',
    page: 'The keyword opens a block, and its contents follow, but the brace between them is missing.',
  },
  'missing-value': {
    severity: 'error',
    template: '{keyword} needs a value: {syntax}',
    page: 'The keyword stands alone, and needs a value. keepalived ends at once with status 2 for most of them.',
  },
  'nested-too-deep': {
    severity: 'error',
    template: 'more than {depthMax} blocks inside each other',
    page: 'No keyword needs that many levels. The text is probably not a keepalived configuration.',
  },
  'no-file-to-include': {
    severity: 'error',
    template: 'include "{pattern}" matches no file',
    page: 'This form of include wants a file. `include` by itself does not.',
  },
  'nothing-included': {
    severity: 'warning',
    template: 'include "{pattern}" matches no file',
    page: 'A plain include is content with nothing. Use includea to make it an error.',
  },
  'old-spelling': {
    severity: 'note',
    template: '"{keyword}" is an old name of "{instead}"',
    page: 'Both are understood; the old one may go some day.',
  },
  'out-of-range': {
    severity: 'error',
    template: '{keyword} must be from {min} to {max}, not {value}',
    page: 'The number is outside what the keyword, the protocol or the kernel allows. keepalived keeps the default instead.',
  },
  'repeated-keyword': {
    severity: 'warning',
    template: '"{keyword}" is set more than once; the {counts} counts',
    page: 'Only one of the statements has an effect. For scripts it is the first, for everything else the last.',
  },
  'repeated-name': {
    severity: 'error',
    template: '{keyword} {name} is defined more than once',
    page: 'Names are unique among blocks of a kind. keepalived skips the second block as a whole.',
  },
  'time-with-unit': {
    severity: 'error',
    template: '{keyword} takes plain seconds, not "{value}"',
    page: 'Times are decimal numbers of seconds: `2`, `0.5`. keepalived does not refuse a unit: it takes the digits for microseconds,\nso `delay_loop 2s` checks every two microseconds and keeps a processor busy.',
  },
  'too-many-lines': {
    severity: 'error',
    template: 'definitions and repetitions make more than {count} lines',
    page: 'What is written out would not fit into memory, or take forever. Check the ends of ~SEQ, and definitions that use each\nother.',
  },
  'unclosed-quote': {
    severity: 'error',
    template: 'a double quote is never closed',
    page: 'A quoted word must end on the line it begins on. keepalived drops the word, and often the whole line with it.',
  },
  'undefined-definition': {
    severity: 'error',
    template: '{name} is not defined',
    page: 'A definition has to stand above its use. keepalived leaves the text as it is; its braces then open and close blocks, which\ntakes the configuration apart.\n\n```\n$PRIO=150\nvrrp_instance VI_1 {\n    priority ${PRIO}\n}\n```',
  },
  'unexpected-brace': {
    severity: 'error',
    template: '"{keyword}" cannot be followed by "{"',
    page: 'Only keywords that have a block can be followed by an opening brace. What is inside is skipped.',
  },
  'unknown-keyword': {
    severity: 'error',
    template: '{block} has no keyword "{keyword}"',
    page: 'The word at the start of a line (or behind a brace) is none that this block knows. keepalived logs it and goes on without\nit, so that whatever it was meant to set keeps its default.\n\n```\nvrrp_instance VI_1 {\n    priorty 150        # priority\n}\n```\n\nIf the word is a block, everything inside it is skipped. (keepalived matches what is inside against the block around, and\ntakes the closing brace for that of the block around: half a configuration can disappear that way.)\n\nThe words of each block are in docs/keywords.md.',
  },
  'unknown-name': {
    severity: 'error',
    template: 'there is no {what} named "{name}"',
    page: 'The name refers to a block that is not defined. keepalived looks most names up while it reads, so the definition also has\nto come before its use there; sluice takes it from anywhere in the configuration.',
  },
  'unknown-word': {
    severity: 'error',
    template: '"{word}" means nothing {where}',
    page: 'An entry has its own few words, and this is none of them. A line holds one entry: a second address on the same line is\nlost.',
  },
  'unreadable-file': {
    severity: 'error',
    template: 'cannot read {file}: {reason}',
    page: 'The configuration cannot be opened. The default is /etc/keepalived/keepalived.conf; `-f FILE` names another.',
  },
}
