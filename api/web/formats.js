// Numbers, amounts and times as the reader's language writes them.

const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;

/** Formats of one language; the reader's own region wins over the plain language. */
export function formatsOf(locale) {
  const tag = navigator.languages.find((one) => one.toLowerCase().split('-')[0] === locale) ?? (locale === 'en' ? 'en-GB' : 'fr-FR');
  // The page's faces have no narrow no-break space.
  const spaced = (text) => text.replaceAll('\u202f', '\u00a0');
  const whole = new Intl.NumberFormat(tag);
  const signedWhole = new Intl.NumberFormat(tag, { signDisplay: 'exceptZero' });
  const time = new Intl.DateTimeFormat(tag, { timeStyle: 'short' });
  const seconds = new Intl.DateTimeFormat(tag, { timeStyle: 'medium' });
  const day = new Intl.DateTimeFormat(tag, { dateStyle: 'medium' });
  const both = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' });
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' });
  const ordinals = new Intl.PluralRules(tag, { type: 'ordinal' });
  const plurals = new Intl.PluralRules(tag);

  function money(value, unit, signDisplay) {
    const format = new Intl.NumberFormat(tag, {
      style: 'currency', currency: unit.code, currencyDisplay: 'narrowSymbol', signDisplay, trailingZeroDisplay: 'stripIfInteger',
    });
    return spaced(format.format(value / 10 ** unit.exponent));
  }

  return {
    tag,
    number: (value) => spaced(whole.format(value)),
    signed: (value, unit) => (unit?.kind === 'MONEY' ? money(value, unit, 'exceptZero') : spaced(signedWhole.format(value))),
    /** The figure alone; `unitOf` names what it counts. */
    amount: (value, unit) => (unit?.kind === 'MONEY' ? money(value, unit, 'auto') : spaced(whole.format(value))),
    /** Figure and unit in one text. */
    amountWithUnit: (value, unit) => (!unit || unit.kind === 'MONEY'
      ? (unit ? money(value, unit, 'auto') : spaced(whole.format(value)))
      : `${spaced(whole.format(value))}\u00a0${unit.name.toLocaleLowerCase(tag)}`),
    /** What is printed on a card: minor units of an ISO 4217 currency. */
    face(value, currency) {
      const { maximumFractionDigits: exponent } = new Intl.NumberFormat(tag, { style: 'currency', currency }).resolvedOptions();
      return money(value, { code: currency, exponent }, 'auto');
    },
    /** A sentence of the API with its instants as the reader writes them. */
    said: (text) => text.replace(INSTANT, (iso) => both.format(new Date(iso))),
    time: (iso) => time.format(new Date(iso)),
    seconds: (iso) => seconds.format(new Date(iso)),
    day: (iso) => day.format(new Date(iso)),
    dayAndTime: (iso) => both.format(new Date(iso)),
    /** Time today, else day and time. */
    moment: (iso) => (new Date(iso).toDateString() === new Date().toDateString() ? time : both).format(new Date(iso)),
    /** In days, from two months on in months. */
    until(iso) {
      const days = Math.round((new Date(iso) - Date.now()) / 86_400_000);
      return Math.abs(days) < 60 ? relative.format(days, 'day') : relative.format(Math.round(days / 30.44), 'month');
    },
    /** Minutes and seconds, as on a clock. */
    countdown: (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`,
    ordinal: (value) => ordinals.select(value),
    plural: (value) => plurals.select(value),
  };
}
