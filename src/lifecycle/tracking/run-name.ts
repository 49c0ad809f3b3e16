import { randomInt } from 'node:crypto'

const first =
  'able amber bold brave bright brisk calm careful clear clever cosy crisp daring deep eager early easy fair fast fine fond frank free fresh gentle glad golden grand happy honest humble keen kind late lively loyal lucky mellow merry mild neat noble patient placid polite proud quick quiet rapid rare ready serene sharp silent sincere smart smooth snug spry steady stout sunny swift tidy tranquil trusty upbeat vivid warm wise witty zesty'.split(
    ' ',
  )
const second =
  'ant badger bat bear beaver bee bison boar carp cat cod colt crab crane crow deer dolphin dove duck eagle eel elk ewe falcon ferret finch fish fox frog gnat goose grouse gull hare hawk heron horse ibex jay kite koala lamb lark loon lynx mink mole moose moth mouse newt otter owl panda perch pike pony pug quail ram raven robin seal shark shrew shrimp skunk sloth snail stag stork swan tern toad trout vole wasp whale wolf worm wren yak zebra'.split(
    ' ',
  )

/** A name for a run that was given none: two words and a number, such as `brisk-otter-214`. */
export function randomRunName(): string {
  return `${first[randomInt(first.length)]}-${second[randomInt(second.length)]}-${randomInt(1000)}`
}
