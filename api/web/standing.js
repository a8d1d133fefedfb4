// Can she have it, and if not, why not: an offer beside the wallet as it is shown, so that both always agree (pure).

/** `{ is: 'open' | 'short' | 'closed' | 'shown', missing, reasons }`; 'shown' for who is no member and redeems nothing. */
export function standingOf(denomination, wallet) {
  const { offer, price } = denomination;
  if (!offer) return { is: 'shown', missing: 0, reasons: [] };
  const missing = wallet ? Math.max(0, price - wallet.available) : offer.pointsMissing;
  if (offer.obstacles?.length > 0) return { is: 'closed', missing, reasons: offer.obstacles };
  return { is: missing > 0 ? 'short' : 'open', missing, reasons: [] };
}

/** The best that any denomination offers: open before short (the nearest first) before closed; null without any. */
export function bestOf(item, wallet) {
  const order = ['open', 'short', 'closed', 'shown'];
  const found = item.denominations.map((one) => standingOf(one, wallet));
  return found.sort((one, other) => order.indexOf(one.is) - order.indexOf(other.is) || one.missing - other.missing)[0] ?? null;
}

/** The wallet that pays for what is priced in this unit. */
export function walletFor(wallets, unit) {
  return wallets?.find((one) => one.unit.code === unit?.code) ?? null;
}
