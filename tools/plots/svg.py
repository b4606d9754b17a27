"""Just enough SVG for charts: a white figure, plots with axes, and marks in the plots' own coordinates."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

# Okabe and Ito's colours, which colour-blind readers can tell apart, and greys.
BLUE, VERMILLION = "#0072b2", "#d55e00"
INK, GREY, LINE, SHADE = "#1f2328", "#59636e", "#d8dee4", "#f0f2f4"

FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"


def _n(value):
    """A coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def sign(text):
    """Minus signs instead of hyphens."""
    return str(text).replace("-", "\u2212")


class Figure:
    def __init__(self, width, height, title, description):
        self.width, self.height = width, height
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" font-family="{FONT}" font-size="12">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(description)}</desc>",
            f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6" fill="#ffffff" stroke="{LINE}"/>',
        ]

    def add(self, part):
        self._parts.append(part)

    def text(self, x, y, text, anchor="start", color=GREY, size=12, weight="normal", turn=False):
        turned = f' transform="rotate(-90 {_n(x)} {_n(y)})"' if turn else ""
        self.add(
            f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" fill="{color}" font-size="{size}" '
            f'font-weight="{weight}"{turned}>{escape(sign(text))}</text>'
        )

    def caption(self, text):
        self.text(self.width / 2, self.height - 12, text, "middle", size=11)

    def line(self, x1, y1, x2, y2, color, width=1.0, dash=None):
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(
            f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="{color}" '
            f'stroke-width="{width}"{dashed}/>'
        )

    def render(self):
        return "\n".join([*self._parts, "</svg>"]) + "\n"


@dataclass
class Plot:
    """A rectangle of a figure with its own coordinates."""

    figure: Figure
    left: float
    top: float
    width: float
    height: float
    x_limits: tuple
    y_limits: tuple

    def x(self, value):
        low, high = self.x_limits
        return self.left + (value - low) / (high - low) * self.width

    def y(self, value):
        low, high = self.y_limits
        return self.top + (high - value) / (high - low) * self.height

    @property
    def right(self):
        return self.left + self.width

    @property
    def bottom(self):
        return self.top + self.height

    def title(self, text, note=""):
        above = 26 if note else 9
        self.figure.text(self.left, self.top - above, text, color=INK, size=14, weight="600")
        if note:
            self.figure.text(self.left, self.top - 9, note)

    def axes(self, x_ticks, y_ticks, x_label="", y_label="", right_ticks=(), right_label=""):
        """Ticks are (value, text) pairs; an empty text leaves the grid line alone."""
        figure = self.figure
        for value, text in x_ticks:
            figure.line(self.x(value), self.top, self.x(value), self.bottom, LINE, 0.7)
            if text:
                figure.text(self.x(value), self.bottom + 16, text, "middle", size=11)
        for value, text in y_ticks:
            figure.line(self.left, self.y(value), self.right, self.y(value), LINE, 0.7)
            if text:
                figure.text(self.left - 6, self.y(value) + 4, text, "end", size=11)
        for value, text in right_ticks:
            figure.text(self.right + 5, self.y(value) + 3.5, text, color=BLUE, size=10)
        if right_label:
            figure.text(self.right + 5, self.top - 9, right_label, color=BLUE, size=11)
        figure.add(
            f'<rect x="{_n(self.left)}" y="{_n(self.top)}" width="{_n(self.width)}" height="{_n(self.height)}" '
            f'fill="none" stroke="{GREY}" stroke-width="0.8"/>'
        )
        if x_label:
            figure.text((self.left + self.right) / 2, self.bottom + 34, x_label, "middle")
        if y_label:
            figure.text(self.left - 40, (self.top + self.bottom) / 2, y_label, "middle", turn=True)

    def shade(self, x1, x2):
        left, right = self.x(max(x1, self.x_limits[0])), self.x(min(x2, self.x_limits[1]))
        self.figure.add(
            f'<rect x="{_n(left)}" y="{_n(self.top)}" width="{_n(right - left)}" height="{_n(self.height)}" '
            f'fill="{SHADE}"/>'
        )

    def line(self, points, color, width=2.0, dash=None):
        steps = " ".join(f"{_n(self.x(x))},{_n(self.y(y))}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.figure.add(
            f'<polyline points="{steps}" fill="none" stroke="{color}" stroke-width="{width}" '
            f'stroke-linejoin="round" stroke-linecap="round"{dashed}/>'
        )

    def dot(self, x, y, color, filled=True, radius=3.2):
        fill = color if filled else "#ffffff"
        self.figure.add(
            f'<circle cx="{_n(self.x(x))}" cy="{_n(self.y(y))}" r="{radius}" fill="{fill}" stroke="{color}" '
            f'stroke-width="1.4"/>'
        )

    def text(self, x, y, text, anchor="middle", color=GREY, size=11):
        self.figure.text(self.x(x), self.y(y), text, anchor, color, size)
