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
  readonly 'address-outside-networks': Code<'{address} is outside the networks of {interface}'>
  readonly 'addresses-unreachable': Code<'the addresses of {name} will not answer'>
  readonly 'authentication-ignored': Code<'the authentication of {name} is ignored: {why}'>
  readonly 'bad-address': Code<'"{value}" is not an {what} address'>
  readonly 'bad-pattern': Code<'the pattern {pattern} is not understood: {problem}'>
  readonly 'bad-repetition': Code<'{reason}'>
  readonly 'bad-value': Code<'{keyword} takes {syntax}, not "{value}"'>
  readonly 'byte-order-mark': Code<'the file begins with a byte order mark'>
  readonly 'check-outlasts-interval': Code<'a try may take {longest}, longer than the {interval} between checks'>
  readonly 'duplicate-address': Code<'{address} is listed more than once'>
  readonly 'duplicate-real-server': Code<'{server} is listed more than once'>
  readonly 'duplicate-router-id': Code<'virtual_router_id {id} is already taken on {interface} ({family})'>
  readonly 'duplicate-service': Code<'{service} is defined more than once'>
  readonly 'duplicate-session': Code<'bfd_instance {name} is a second session with {neighbour}'>
  readonly 'endless-definition': Code<'a definition is replaced by itself without end'>
  readonly 'extra-brace': Code<'this "}" closes nothing'>
  readonly 'extra-words': Code<'words behind "{keyword}" are ignored'>
  readonly 'flag-without-scheduler': Code<'{flag} has no effect with lb_algo {scheduler}'>
  readonly 'former-keyword': Code<'{block} has no keyword "{keyword}"'>
  readonly 'hysteresis-above-quorum': Code<'a hysteresis of {hysteresis} is lowered to {lowered}, below the quorum of {quorum}'>
  readonly 'include-loop': Code<'{file} includes itself, directly or through others'>
  readonly 'include-skipped': Code<'{file} is not included: {reason}'>
  readonly 'interval-rounded': Code<'advert_int becomes {interval}: {rule}'>
  readonly 'keep-alive-alone': Code<'with keep_alive no check of {server} makes a new connection while the last one lasts'>
  readonly 'keyword-not-supported': Code<'sluice cannot do "{keyword}": {why}'>
  readonly 'keyword-without-effect': Code<'"{keyword}" has no effect in sluice: {why}'>
  readonly 'line-too-long': Code<'a line of {bytes} bytes: keepalived 2.2.7 cuts it after {bytesMax}'>
  readonly 'literal-dollar': Code<'nothing is defined as {name}, so the text stays as it is'>
  readonly 'mail-goes-nowhere': Code<'mail is asked for, but there is no {keyword}'>
  readonly 'mail-never-sent': Code<'notification_email names somebody, but nothing here sends mail'>
  readonly 'misplaced-keyword': Code<'"{keyword}" belongs in {right}, not in {block}'>
  readonly 'missing-block': Code<'"{keyword}" needs a block in braces'>
  readonly 'missing-brace': Code<'{block} is never closed'>
  readonly 'missing-in-peer': Code<'the other machine has no {what}'>
  readonly 'missing-keyword': Code<'{block} has no {keyword}'>
  readonly 'missing-open-brace': Code<'"{block}" is not followed by "{"'>
  readonly 'missing-value': Code<'{keyword} needs a value: {syntax}'>
  readonly 'mixed-families': Code<'vrrp_instance {name} mixes IPv4 and IPv6'>
  readonly 'needs-state-backup': Code<'{keyword} has no effect with state MASTER'>
  readonly 'nested-too-deep': Code<'more than {depthMax} blocks inside each other'>
  readonly 'no-address': Code<'vrrp_instance {name} has no address to take over'>
  readonly 'no-file-to-include': Code<'include "{pattern}" matches no file'>
  readonly 'no-method': Code<'no forwarding method is given, so it is NAT'>
  readonly 'no-protocol': Code<'no protocol is given, so this is a UDP service'>
  readonly 'no-real-server': Code<'this virtual_server has no real server'>
  readonly 'no-scheduler': Code<'no scheduler is given, so it is wlc'>
  readonly 'no-such-interface': Code<'there is no interface {interface} on this machine'>
  readonly 'nothing-included': Code<'include "{pattern}" matches no file'>
  readonly 'old-spelling': Code<'"{keyword}" is an old name of "{instead}"'>
  readonly 'other-family': Code<'{server} is of another address family than the service'>
  readonly 'out-of-range': Code<'{keyword} must be from {min} to {max}, not {value}'>
  readonly 'own-peer': Code<'{address} is its own peer'>
  readonly 'owner-preempts': Code<'{name} owns its addresses: nopreempt has no effect'>
  readonly 'password-cut': Code<'only {bytesMax} of the {bytes} bytes of auth_pass count'>
  readonly 'peers-both-master': Code<'{name} starts as MASTER on both machines'>
  readonly 'peers-differ': Code<'{keyword} of {name} is {here} here and {there} on the other machine'>
  readonly 'peers-other-servers': Code<'{service} has other real servers here: {server}'>
  readonly 'peers-tie': Code<'{name} has priority {priority} on both machines'>
  readonly 'persistence-against-ops': Code<'a service cannot be persistent and schedule every packet by itself'>
  readonly 'persistence-by-network': Code<'all clients of a /{prefix} network stay with one server for {timeout} s'>
  readonly 'persistence-holds-clients': Code<'each client stays with its server for {timeout} s: {scheduler} chooses only for new ones'>
  readonly 'port-cannot-change': Code<'{method} cannot change the port: it stays {port}'>
  readonly 'port-zero-persists': Code<'without a port the service must be persistent, so it is, for 360 s'>
  readonly 'quorum-above-weights': Code<'a quorum of {quorum} can never be reached: all weights make {weights}'>
  readonly 'repeated-keyword': Code<'"{keyword}" is set more than once; the {counts} counts'>
  readonly 'repeated-name': Code<'{keyword} {name} is defined more than once'>
  readonly 'script-missing': Code<'cannot run {path}: {reason}'>
  readonly 'script-writable': Code<'others than root can change {path}'>
  readonly 'service-without-address': Code<'no vrrp_instance takes {address} over'>
  readonly 'slow-start-without-weight': Code<'{server} has weight {weight}: there is nothing for slow_start to grow from'>
  readonly 'small-sync-group': Code<'vrrp_sync_group {name} has {count} members'>
  readonly 'strict-state': Code<'with vrrp_strict, {name} starts as MASTER exactly if its priority is 255'>
  readonly 'thresholds-crossed': Code<'lthreshold {lower} is above uthreshold {upper}'>
  readonly 'time-with-unit': Code<'{keyword} takes plain seconds, not "{value}"'>
  readonly 'too-many-lines': Code<'definitions and repetitions make more than {count} lines'>
  readonly 'two-sync-groups': Code<'{name} is in two sync groups'>
  readonly 'unchecked-server': Code<'nothing checks {server}: it stays in the table even if it is dead'>
  readonly 'unclosed-quote': Code<'a double quote is never closed'>
  readonly 'undefined-definition': Code<'{name} is not defined'>
  readonly 'unexpected-brace': Code<'"{keyword}" cannot be followed by "{"'>
  readonly 'unicast-ignored': Code<'vrrp_strict forbids unicast: {name} advertises by multicast'>
  readonly 'unicast-without-peers': Code<'{name} has a unicast source but no peers: it advertises by multicast'>
  readonly 'unknown-keyword': Code<'{block} has no keyword "{keyword}"'>
  readonly 'unknown-name': Code<'there is no {what} named "{name}"'>
  readonly 'unknown-word': Code<'"{word}" means nothing {where}'>
  readonly 'unreadable-file': Code<'cannot read {file}: {reason}'>
} = {
  'address-outside-networks': {
    severity: 'warning',
    template: '{address} is outside the networks of {interface}',
    page: 'The address can be taken over, but neighbours on the segment would look for it behind a router. That is fine if their routes say\notherwise.',
  },
  'addresses-unreachable': {
    severity: 'warning',
    template: 'the addresses of {name} will not answer',
    page: 'vrrp_strict follows the RFCs to the letter: a router that does not own an address (priority 255) forwards for it but takes no\npacket that is addressed to it. Not even ping answers, and no service can be reached there. This is the most frequent\nsurprise with keepalived; its sample configuration used to contain vrrp_strict.',
  },
  'authentication-ignored': {
    severity: 'warning',
    template: 'the authentication of {name} is ignored: {why}',
    page: 'Authentication was taken out of VRRP with RFC 3768; version 3 never had it. Advertisements go out without it.',
  },
  'bad-address': {
    severity: 'error',
    template: '"{value}" is not an {what} address',
    page: 'Addresses are written out: names are not looked up, except for smtp_server. keepalived leaves out the whole block of a server\nwhose address it cannot read.',
  },
  'bad-pattern': {
    severity: 'error',
    template: 'the pattern {pattern} is not understood: {problem}',
    page: 'keepalived hands the pattern of `regex` to PCRE2; sluice runs it as JavaScript does. What both languages share is most of\nwhat people write. `\\A`, `\\Z`, `\\z` and `(?i)` at the beginning are translated. What PCRE2 alone has (possessive\nquantifiers, atomic groups, `\\K`, recursion, conditions, comments, POSIX classes such as `[[:digit:]]`, options such as\nUNGREEDY) is refused here rather than misunderstood later: a check with such a pattern would never be made.',
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
  'check-outlasts-interval': {
    severity: 'warning',
    template: 'a try may take {longest}, longer than the {interval} between checks',
    page: 'The next check starts when the last has ended, so a server that does not answer at all is checked at the pace of the timeout.\nIt still gets traffic until timeouts and retries are over.',
  },
  'duplicate-address': {
    severity: 'warning',
    template: '{address} is listed more than once',
    page: 'An address that two instances take over would be removed by whichever steps back first, while the other still needs it.\nkeepalived 2.3 refuses the second one, older versions accept it.',
  },
  'duplicate-real-server': {
    severity: 'error',
    template: '{server} is listed more than once',
    page: 'A server can be in a service once. Give it more weight instead.',
  },
  'duplicate-router-id': {
    severity: 'error',
    template: 'virtual_router_id {id} is already taken on {interface} ({family})',
    page: 'A router id names one virtual router of an interface and address family. Two instances with the same id would take each\nother\'s advertisements for their own. keepalived does not start then.\n\nIds may repeat across interfaces, across IPv4 and IPv6, with different multicast groups, and for unicast instances that have\nno peer in common.',
  },
  'duplicate-service': {
    severity: 'error',
    template: '{service} is defined more than once',
    page: 'A virtual service is known by its protocol, address and port, or by its firewall mark. The second one cannot be added to the\ntable.',
  },
  'duplicate-session': {
    severity: 'error',
    template: 'bfd_instance {name} is a second session with {neighbour}',
    page: 'Before a neighbour knows a session by its number, its packets are told apart by their addresses. Of two sessions between\nthe same addresses one would never come up; keepalived ignores the second.',
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
  'flag-without-scheduler': {
    severity: 'warning',
    template: '{flag} has no effect with lb_algo {scheduler}',
    page: 'The option belongs to one scheduler (sh or mh), and keepalived accepts it only below the line that chooses that scheduler.',
  },
  'former-keyword': {
    severity: 'warning',
    template: '{block} has no keyword "{keyword}"',
    page: 'The word is found in many articles and sample files, but keepalived does not know it (any more) and goes on without it.\nThe line has no effect in sluice either. Remove it, or write what is said beside it.\n\n`nat_mask` set the netmask of NAT in old versions; there is none to set any more. `nb_get_retry` is the old name of `retry`\nin HTTP_GET and SSL_GET; other checks never had it, so that what it says there has no effect: their number of retries\nstays 1. In a real_server the forwarding method is called `lvs_method`, never `lb_kind`.',
  },
  'hysteresis-above-quorum': {
    severity: 'warning',
    template: 'a hysteresis of {hysteresis} is lowered to {lowered}, below the quorum of {quorum}',
    page: 'With more, the quorum could never be lost.',
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
  'interval-rounded': {
    severity: 'warning',
    template: 'advert_int becomes {interval}: {rule}',
    page: 'The packet has no room for the value that is written, so another one is used. All machines must use the same.',
  },
  'keep-alive-alone': {
    severity: 'note',
    template: 'with keep_alive no check of {server} makes a new connection while the last one lasts',
    page: 'A server that no longer accepts connections, but still answers on those that it has, passes. A TCP_CHECK beside it notices.',
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
  'mail-goes-nowhere': {
    severity: 'warning',
    template: 'mail is asked for, but there is no {keyword}',
    page: 'smtp_alert needs to know whom to write to (notification_email) and through which server (smtp_server).',
  },
  'mail-never-sent': {
    severity: 'note',
    template: 'notification_email names somebody, but nothing here sends mail',
    page: 'A vrrp_instance mails its changes of state only if `smtp_alert` says so, in the instance or in global_defs; real servers\nmail by themselves. Without either the addresses are never used.',
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
    page: 'A block was opened and nothing closes it. The caret shows where the brace is missing: before the first thing that cannot\nbe inside the block, or at the end of the file. The dash shows where the block was opened.\n\n```\nreal_server 192.168.41.31 80 {\n    TCP_CHECK {\n        connect_timeout 10\n    }\n                                 # "}" is missing here\nreal_server 192.168.41.33 80 {\n```\n\nkeepalived takes what follows for part of the open block. Here it would report the second real_server as an unknown\nkeyword and check the first one with the words of the second.',
  },
  'missing-in-peer': {
    severity: 'warning',
    template: 'the other machine has no {what}',
    page: 'Both machines of a pair need the same instances and services, or a takeover loses some of them.',
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
  'mixed-families': {
    severity: 'error',
    template: 'vrrp_instance {name} mixes IPv4 and IPv6',
    page: 'An advertisement lists addresses of one family only. Those of the other can ride along in virtual_ipaddress_excluded.',
  },
  'needs-state-backup': {
    severity: 'warning',
    template: '{keyword} has no effect with state MASTER',
    page: 'keepalived drops nopreempt and preempt_delay from an instance that starts as MASTER. Write `state BACKUP` on all machines:\nwhoever has the highest priority still becomes active first.',
  },
  'nested-too-deep': {
    severity: 'error',
    template: 'more than {depthMax} blocks inside each other',
    page: 'No keyword needs that many levels. The text is probably not a keepalived configuration.',
  },
  'no-address': {
    severity: 'warning',
    template: 'vrrp_instance {name} has no address to take over',
    page: 'The instance takes part in elections and then does nothing but run its scripts. If that is meant, say so with\nno_virtual_ipaddress, which keepalived knows since 2.2.8.',
  },
  'no-file-to-include': {
    severity: 'error',
    template: 'include "{pattern}" matches no file',
    page: 'This form of include wants a file. `include` by itself does not.',
  },
  'no-method': {
    severity: 'note',
    template: 'no forwarding method is given, so it is NAT',
    page: 'keepalived takes NAT if nothing is said, and complains. With NAT the real servers need this machine as their gateway.',
  },
  'no-protocol': {
    severity: 'warning',
    template: 'no protocol is given, so this is a UDP service',
    page: 'keepalived takes UDP if nothing is said. A web server behind it gets no packet at all.',
  },
  'no-real-server': {
    severity: 'warning',
    template: 'this virtual_server has no real server',
    page: 'keepalived leaves it out.',
  },
  'no-scheduler': {
    severity: 'note',
    template: 'no scheduler is given, so it is wlc',
    page: 'keepalived takes weighted least-connection if nothing is said, and complains.',
  },
  'no-such-interface': {
    severity: 'error',
    template: 'there is no interface {interface} on this machine',
    page: 'The instance cannot start without its interface. If the configuration is for another machine, check it there.',
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
  'other-family': {
    severity: 'error',
    template: '{server} is of another address family than the service',
    page: 'NAT and direct routing keep the family of the packet.',
  },
  'out-of-range': {
    severity: 'error',
    template: '{keyword} must be from {min} to {max}, not {value}',
    page: 'The number is outside what the keyword, the protocol or the kernel allows. keepalived keeps the default instead.',
  },
  'own-peer': {
    severity: 'warning',
    template: '{address} is its own peer',
    page: 'The list of peers names the other machines. keepalived ignores its own address there.',
  },
  'owner-preempts': {
    severity: 'warning',
    template: '{name} owns its addresses: nopreempt has no effect',
    page: 'Priority 255 means that the machine owns the addresses, and an owner always takes over (RFC 9568 section 6.1).',
  },
  'password-cut': {
    severity: 'warning',
    template: 'only {bytesMax} of the {bytes} bytes of auth_pass count',
    page: 'The word has eight bytes in the packet (16 for AH). The rest is cut off, which is harmless as long as every machine cuts the\nsame way, and surprising when two words differ only behind the eighth byte.',
  },
  'peers-both-master': {
    severity: 'warning',
    template: '{name} starts as MASTER on both machines',
    page: 'Only the priority decides who becomes active; two that claim to be master from the start hide which one is meant to be.',
  },
  'peers-differ': {
    severity: 'error',
    template: '{keyword} of {name} is {here} here and {there} on the other machine',
    page: 'The members of a virtual router have to agree on this, or they do not hear each other and both become active.',
  },
  'peers-other-servers': {
    severity: 'warning',
    template: '{service} has other real servers here: {server}',
    page: 'After a takeover, clients would meet other servers than before.',
  },
  'peers-tie': {
    severity: 'warning',
    template: '{name} has priority {priority} on both machines',
    page: 'With equal priorities the higher address decides, and who is active after a restart depends on who came first.',
  },
  'persistence-against-ops': {
    severity: 'error',
    template: 'a service cannot be persistent and schedule every packet by itself',
    page: 'One-packet scheduling forgets what persistence has to remember.',
  },
  'persistence-by-network': {
    severity: 'note',
    template: 'all clients of a /{prefix} network stay with one server for {timeout} s',
    page: 'persistence_granularity makes one client of a whole network. A large provider can end up on a single server.',
  },
  'persistence-holds-clients': {
    severity: 'note',
    template: 'each client stays with its server for {timeout} s: {scheduler} chooses only for new ones',
    page: 'All connections of one client address go to one server until it has been silent for the timeout. Trying it out from a single\nmachine shows one server only, and clients behind one NAT count as one client. Sessions that live in a cookie or a shared\nstore do not need persistence.',
  },
  'port-cannot-change': {
    severity: 'warning',
    template: '{method} cannot change the port: it stays {port}',
    page: 'Direct routing and tunnels leave the packet as it is, so the server must listen at the port of the service. keepalived replaces\nthe port in silence; its checks still use the one that is written.',
  },
  'port-zero-persists': {
    severity: 'warning',
    template: 'without a port the service must be persistent, so it is, for 360 s',
    page: 'A service for all ports makes sense only if a client\'s connections stay together.',
  },
  'quorum-above-weights': {
    severity: 'warning',
    template: 'a quorum of {quorum} can never be reached: all weights make {weights}',
    page: 'The quorum is compared with the sum of the weights of the servers that are up.',
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
  'script-missing': {
    severity: 'error',
    template: 'cannot run {path}: {reason}',
    page: 'keepalived leaves out scripts that it cannot run, mostly with no more than a line in its log.',
  },
  'script-writable': {
    severity: 'warning',
    template: 'others than root can change {path}',
    page: 'The script may run as root, so whoever can change it owns the machine. keepalived refuses it if enable_script_security is set.',
  },
  'service-without-address': {
    severity: 'note',
    template: 'no vrrp_instance takes {address} over',
    page: 'Clients reach a service at an address that some machine owns. None of the instances, and none of the static addresses, lists\nthis one. That is fine if the machine has it in another way, or if routers send it here.',
  },
  'slow-start-without-weight': {
    severity: 'warning',
    template: '{server} has weight {weight}: there is nothing for slow_start to grow from',
    page: 'Weights are whole numbers, and a server that starts slowly gets at least 1. With a weight of 1 it has all of it at once. Give\nall servers of the service weights such as 100, in the same proportions as before.',
  },
  'small-sync-group': {
    severity: 'warning',
    template: 'vrrp_sync_group {name} has {count} members',
    page: 'A group keeps two or more instances in the same state.',
  },
  'strict-state': {
    severity: 'warning',
    template: 'with vrrp_strict, {name} starts as MASTER exactly if its priority is 255',
    page: 'The configured state is changed accordingly.',
  },
  'thresholds-crossed': {
    severity: 'error',
    template: 'lthreshold {lower} is above uthreshold {upper}',
    page: 'A server that has reached uthreshold connections gets no more until it is below lthreshold. The kernel refuses a lower threshold\nabove the upper one.',
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
  'two-sync-groups': {
    severity: 'error',
    template: '{name} is in two sync groups',
    page: 'An instance can change state with one group only.',
  },
  'unchecked-server': {
    severity: 'note',
    template: 'nothing checks {server}: it stays in the table even if it is dead',
    page: 'A real server without a check is always up.',
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
  'unicast-ignored': {
    severity: 'warning',
    template: 'vrrp_strict forbids unicast: {name} advertises by multicast',
    page: 'The RFCs know multicast only.',
  },
  'unicast-without-peers': {
    severity: 'warning',
    template: '{name} has a unicast source but no peers: it advertises by multicast',
    page: 'keepalived falls back to multicast, which is hardly what was meant.',
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
