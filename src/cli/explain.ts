import { type Command, InvalidArgumentError, Option } from 'commander'
import type { QuestionOptions } from '../explain/question.ts'

interface Options extends QuestionOptions {
  readonly in?: string
  readonly json?: boolean
}

export function addExplain(sluice: Command): void {
  sluice
    .command('explain')
    .summary('what the live data path would do with a packet, and why')
    .description(
      'Run a packet through the programs and the table that are at work, on a copy: nothing is sent, nothing changes.\n' +
        'Tell which service takes it, why that server, what is rewritten, where it leaves; or why not.',
    )
    .usage('[options] PROTOCOL SOURCE DESTINATION [WHAT]')
    .argument('<PACKET...>', 'tcp|udp|sctp FROM:PORT TO:PORT [WHAT], or icmp FROM TO [WHAT]')
    .option('--in <NAME>', 'it comes in by this interface; else by the one that leads to its source')
    .option('--mark <N>', 'its firewall mark', number(0, 0xffff_ffff))
    .option('--length <BYTES>', 'how long it is, from the IP header on', number(20, 65535))
    .option('--ttl <N>', 'its TTL or hop limit, 64 if not said', number(0, 255))
    .option('--no-df', 'it may be fragmented on its way')
    .addOption(new Option('--fragment <PIECE>', 'it is a piece of a packet').choices(['first', 'later']))
    .option('--id <N>', 'the identification that all pieces of a packet have', number(0, 0xffff_ffff))
    .option('--quoting <PACKET>', 'icmp errors: the packet that they are about, as a sender names it')
    .option('--json', 'for programs')
    .addHelpText('after', HELP)
    .action(async (words: string[], options: Options) => {
      const { parseQuestion } = await import('../explain/question.ts')
      // Without --no-df, commander says true: then it is for the question to say.
      const { df, ...rest } = options
      const question = parseQuestion(words, df === false ? { ...rest, df } : rest)
      const { explainLive } = await import('./explain-live.ts')
      const explanation = await explainLive(question, options.in)
      const { renderExplanation } = await import('../explain/render-explanation.ts')
      const text =
        options.json === true ? `${JSON.stringify(explanation, undefined, 2)}\n` : renderExplanation(explanation)
      process.stdout.write(text)
    })
}

const HELP = `
What a packet says:
  tcp   syn (if nothing is said), synack, ack, established, psh, fin, rst, urg, null; or flags: fin,psh,ack
  sctp  init (if nothing is said), init-ack, cookie-echo, cookie-ack, data, sack, heartbeat, abort, shutdown, error
  icmp  echo (if nothing is said), unreachable, too-big, expired

Examples:
  sluice explain tcp 203.0.113.7:40000 192.168.41.249:80
  sluice explain tcp 203.0.113.7:40000 192.168.41.249:80 established --in eth0
  sluice explain udp [2001:db8::7]:5353 [2001:db8::100]:53 --length 1500
  sluice explain icmp 203.0.113.1 192.168.41.249 too-big --quoting 'tcp 192.168.41.249:80 203.0.113.7:40000 ack'`

function number(least: number, most: number): (text: string) => number {
  return text => {
    const value = /^0x[0-9a-f]+$|^[0-9]+$/i.test(text) ? Number(text) : Number.NaN
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`It is a number from ${least} to ${most}.`)
    return value
  }
}
