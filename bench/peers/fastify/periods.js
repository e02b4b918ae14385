// The reporting year so far, the same period of the year before, and how both are read from the rollups.
function isoDay(year, month, day) {
  return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
}

function parts(day) {
  return day.split('-').map(Number);
}

function daysIn(year, month) {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

export function periodUntil(last) {
  const [year, month] = parts(last);
  const fiscalYear = year + (month >= 10 ? 1 : 0);
  return { fiscalYear, first: isoDay(fiscalYear - 1, 10, 1), last, months: ((month + 2) % 12) + 1 };
}

export function yearBefore(period) {
  const [year, month, day] = parts(period.last);
  const days = daysIn(year - 1, month);
  const whole = day === daysIn(year, month);
  return periodUntil(isoDay(year - 1, month, whole ? days : Math.min(day, days)));
}

// The first month after the whole quarters that end with a month.
function pastQuarters(year, month) {
  return isoDay(year, month + 1 - (month % 3), 1);
}

// Whole quarters, months after them, and the days to add to these or to take away, whichever are fewer.
export function span({ first, last }, today) {
  const [year, month, day] = parts(last);
  const start = isoDay(year, month, 1);
  if (day <= 15 && last < today) {
    return [first, pastQuarters(year, month - 1), isoDay(year, month - 1, 1), start, last, 1];
  }
  const end = isoDay(year, month, daysIn(year, month));
  return [first, pastQuarters(year, month), start, isoDay(year, month, day + 1), end, -1];
}
