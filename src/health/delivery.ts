/**
 * Delivering a letter by SMTP (RFC 5321), as keepalived does: HELO, MAIL, a RCPT for everybody, DATA, QUIT. Bytes in, lines
 * out; the connection is the mailer's.
 */
export interface Envelope {
  readonly helo: string
  readonly from: string
  readonly to: readonly string[]
  /** Headers, an empty line, the body. */
  readonly text: string
}

export interface Delivery {
  readonly turn: 'greeting' | 'HELO' | 'MAIL' | 'RCPT' | 'DATA' | 'text' | 'QUIT'
  /** How many have been named so far, and what the server had against some of them. */
  readonly named: number
  readonly refusals: readonly string[]
  /** What came of a reply that has not ended. */
  readonly reply: string
}

export interface DeliveryStep {
  readonly delivery: Delivery
  /** To be sent. */
  readonly lines: string
  /** It is over: delivered, to all but those who were refused, or not at all. */
  readonly end?: { readonly delivered: boolean; readonly problems: readonly string[] }
}

export const AWAITING_GREETING: Delivery = { turn: 'greeting', named: 0, refusals: [], reply: '' }

const REPLY_LENGTH_MAX = 16 * 1024

/** The server has said something. */
export function stepDelivery(envelope: Envelope, delivery: Delivery, text: string): DeliveryStep {
  const reply = delivery.reply + text
  if (reply.length > REPLY_LENGTH_MAX) return fail(delivery, `an endless answer to ${asked(delivery)}`)
  // Lines that go on have "-" behind their code; what follows the last one was not asked for.
  const last = reply
    .split(/\r?\n/)
    .slice(0, -1)
    .find(line => !/^\d{3}-/.test(line))
  if (last === undefined) return { delivery: { ...delivery, reply }, lines: '' }
  const good = last.startsWith(delivery.turn === 'DATA' ? '3' : '2')
  const heard = { ...delivery, reply: '' }
  switch (delivery.turn) {
    case 'greeting':
      return good ? say(heard, 'HELO', `HELO ${envelope.helo}`) : refuse(heard, last)
    case 'HELO':
      return good ? say(heard, 'MAIL', `MAIL FROM:<${envelope.from}>`) : refuse(heard, last)
    case 'MAIL':
      return good ? nameNext(envelope, heard) : refuse(heard, last)
    case 'RCPT': {
      const refusal = `${envelope.to[delivery.named - 1]}: ${last.slice(0, 200)}`
      return nameNext(envelope, good ? heard : { ...heard, refusals: [...heard.refusals, refusal] })
    }
    case 'DATA':
      return good ? say(heard, 'text', `${stuffed(envelope.text)}\r\n.`) : refuse(heard, last)
    case 'text':
      return good ? say(heard, 'QUIT', 'QUIT') : refuse(heard, last)
    case 'QUIT':
      return { delivery: heard, lines: '', end: { delivered: true, problems: heard.refusals } }
  }
}

/** The server, or the way to it, has nothing more to say; `cause` if that is known. */
export function endDelivery(delivery: Delivery, cause: string | undefined): NonNullable<DeliveryStep['end']> {
  // It was taken: who then hangs up instead of taking leave has it all the same.
  if (delivery.turn === 'QUIT') return { delivered: true, problems: delivery.refusals }
  return {
    delivered: false,
    problems: [cause ?? `the mail server closed the connection instead of answering ${asked(delivery)}`],
  }
}

function nameNext({ to }: Envelope, delivery: Delivery): DeliveryStep {
  const next = to[delivery.named]
  if (next !== undefined) return say({ ...delivery, named: delivery.named + 1 }, 'RCPT', `RCPT TO:<${next}>`)
  if (delivery.refusals.length === to.length) return fail(delivery, ...delivery.refusals)
  return say(delivery, 'DATA', 'DATA')
}

function say(delivery: Delivery, turn: Delivery['turn'], line: string): DeliveryStep {
  return { delivery: { ...delivery, turn }, lines: `${line}\r\n` }
}

function refuse(delivery: Delivery, reply: string): DeliveryStep {
  return fail(delivery, `the mail server answers ${asked(delivery)} with "${reply.slice(0, 200)}"`)
}

/** Takes leave, without waiting for an answer. */
function fail(delivery: Delivery, ...problems: readonly string[]): DeliveryStep {
  return { delivery, lines: 'QUIT\r\n', end: { delivered: false, problems } }
}

function asked({ turn }: Delivery): string {
  return turn === 'greeting' ? 'the connection' : turn === 'text' ? 'the letter' : turn
}

/** Lines end as SMTP wants it, and none is a dot alone (section 4.5.2). */
function stuffed(text: string): string {
  return text.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..')
}
