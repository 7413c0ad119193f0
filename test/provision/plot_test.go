//go:build provision

package provision

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ata-agent/ata-agent/fleet"
)

// table is what each second of each phase brought, as CSV.
func table(phases []fleet.Phase) []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "phase,second,requests,registers")
	for i, p := range phases {
		requests, registers := p.Provisioning.PerSecond, p.Registration.PerSecond
		for s := range max(len(requests), len(registers)) {
			fmt.Fprintf(&b, "%d %s,%d,%d,%d\n", i+1, p.Name, s, at(requests, s), at(registers, s))
		}
	}
	return b.Bytes()
}

func at(list []int, i int) int {
	if i < len(list) {
		return list[i]
	}
	return 0
}

// The plot: one row of panels, a column for each phase.
const (
	panelWidth, panelHeight = 240, 130
	leftMargin, topMargin   = 46, 34
	gap                     = 30
)

// plot draws requests to the provisioning server above REGISTER requests, by the
// second, with the mean and three times the mean as lines.
func plot(phases []fleet.Phase) []byte {
	width := leftMargin + len(phases)*(panelWidth+gap)
	height := topMargin + 2*(panelHeight+2*gap)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="16" font-size="13">%d agents: what a second brings; mean (thin) and three times the mean (dashed)</text>`+"\n", leftMargin, phases[0].Agents)
	for i, p := range phases {
		x := leftMargin + i*(panelWidth+gap)
		panel(&b, x, topMargin, fmt.Sprintf("%s, requests/s", p.Name), p.Provisioning, "#27c")
		panel(&b, x, topMargin+panelHeight+2*gap, fmt.Sprintf("%s, REGISTER/s", p.Name), p.Registration, "#c63")
	}
	fmt.Fprintln(&b, "</svg>")
	return b.Bytes()
}

func panel(b *bytes.Buffer, x, y int, title string, r fleet.Rate, colour string) {
	top := max(3.2*r.Mean, float64(r.Peak), 1)
	height := func(v float64) float64 { return float64(panelHeight) * v / top }
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", x, y+12, title)
	y += 18
	bar := float64(panelWidth) / float64(max(len(r.PerSecond), 1))
	var path strings.Builder
	fmt.Fprintf(&path, "M%d %d", x, y+panelHeight)
	for s, n := range r.PerSecond {
		fmt.Fprintf(&path, "V%.1fH%.1f", float64(y+panelHeight)-height(float64(n)), float64(x)+bar*float64(s+1))
	}
	fmt.Fprintf(&path, "V%d", y+panelHeight)
	fmt.Fprintf(b, `<path d="%sZ" fill="%s"/>`+"\n", path.String(), colour)
	rule := func(v float64, style string) {
		at := float64(y+panelHeight) - height(v)
		fmt.Fprintf(b, `<path d="M%d %.1fh%d" stroke="black" stroke-width=".7" %s/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n",
			x, at, panelWidth, style, x-3, at+4, v)
	}
	rule(0, "")
	rule(r.Mean, `opacity=".6"`)
	rule(3*r.Mean, `stroke-dasharray="4 3"`)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%d s</text>`+"\n", x+panelWidth, y+panelHeight+13, len(r.PerSecond))
}
