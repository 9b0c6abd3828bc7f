/**
 * DNS_CHECK (RFC 1035): any answer without an error will do, whatever it says, as with keepalived. But it must be the
 * answer to our question: with its identifier, and for the same name and type. Whatever else comes is not heard.
 */
import { decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet'
import type { DnsChecker } from '../model/virtual-server.ts'
import { type Conversation, failed, type Heard, PASSED, type Turn } from './conversation.ts'

interface DnsTalk {
  readonly id: number
  /** Datagrams that were not the answer. */
  readonly strays: number
}

export const dnsConversation: Conversation<DnsChecker, DnsTalk> = {
  renews: false,
  open: ({ target }, _, random) => ({
    channel: { kind: 'datagram', target },
    talk: { id: random & 0xffff, strays: 0 },
  }),
  hear,
  broken: (_, cause) => `failed to read socket (${cause})`,
  silence: (_, { strays }) =>
    failed(
      strays === 0 ? 'no answer in time' : `no answer in time, but ${strays} to other questions`,
      'read timeout from socket',
    ),
}

function hear({ name, queryType }: DnsChecker, talk: DnsTalk, event: Heard): Turn<DnsTalk> {
  if (event.type === 'connected') {
    const questions = [{ type: queryType, name }]
    return { talk, writes: [encode({ type: 'query', id: talk.id, flags: RECURSION_DESIRED, questions })] }
  }
  if (event.type !== 'data') return { talk }
  const answer = decoded(event.bytes)
  const question = answer?.questions?.[0]
  const ours = answer?.type === 'response' && answer.id === talk.id
  const echoed = question === undefined || (question.type === queryType && sameName(question.name, name))
  if (answer === undefined || !ours || !echoed) return { talk: { ...talk, strays: talk.strays + 1 } }
  const { rcode = 'NOERROR' } = answer as Packet & { readonly rcode?: string }
  return {
    talk,
    outcome:
      rcode === 'NOERROR'
        ? PASSED
        : failed(`answers ${rcode}`, `read error occurred. (rcode = ${RCODES.indexOf(rcode)})`),
  }
}

/** As numbered by the header of a message (RFC 1035, section 4.1.1). */
const RCODES: readonly string[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']

function decoded(bytes: Uint8Array): Packet | undefined {
  try {
    return decode(Buffer.from(bytes))
  } catch {
    return undefined
  }
}

function sameName(a: string, b: string): boolean {
  const bare = (name: string) => name.toLowerCase().replace(/\.$/, '')
  return bare(a) === bare(b)
}
