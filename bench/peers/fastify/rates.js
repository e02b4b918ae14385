// Exact rates: money times money does not fit into a double.
export function ratio(n, d) {
  let numerator = BigInt(n);
  let denominator = BigInt(d);
  if (denominator === 0n) return null;
  if (denominator < 0n) [numerator, denominator] = [-numerator, -denominator];
  const negative = numerator < 0n;
  const hundredths = ((negative ? -numerator : numerator) * 200n + denominator) / (2n * denominator);
  const sign = negative && hundredths ? '-' : '';
  return `${sign}${hundredths / 100n}.${String(hundredths % 100n).padStart(2, '0')}`;
}

export function percent(numerator, denominator) {
  return ratio(BigInt(numerator) * 100n, denominator);
}

export function points([n, d], [m, e]) {
  if (!d || !e) return null;
  return percent(BigInt(n) * BigInt(e) - BigInt(m) * BigInt(d), BigInt(d) * BigInt(e));
}

export function change(now, before) {
  return before > 0 ? percent(now - before, before) : null;
}

// Below zero, zero or above it, as a is lower than, equal to or higher than b.
export function compareShares([n, d], [m, e]) {
  const difference = BigInt(n) * BigInt(e) - BigInt(m) * BigInt(d);
  return difference < 0n ? -1 : Number(difference > 0n);
}

export function rateOut([numerator, denominator]) {
  return { value: percent(numerator, denominator), numerator, denominator };
}
