"""Exact rates."""


def ratio(numerator, denominator):
    if denominator == 0:
        return None
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    hundredths = (abs(numerator) * 200 + denominator) // (2 * denominator)
    sign = "-" if numerator < 0 and hundredths else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02}"


def percent(numerator, denominator):
    return ratio(numerator * 100, denominator)


def points(share, other):
    (n, d), (m, e) = share, other
    return percent(n * e - m * d, d * e) if d and e else None


def change(now, before):
    return percent(now - before, before) if before > 0 else None


def rate_out(share):
    return {"value": percent(*share), "numerator": share[0], "denominator": share[1]}
