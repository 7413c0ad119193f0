// Package promtext writes a batch of metrics in the text format that Prometheus
// reads (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4).
package promtext

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/privacy"
)

// ContentType of what Write writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Write writes the metrics of a batch; texts are left out. The series of one
// metric stand together, metrics in the order of their first.
func Write(w io.Writer, c privacy.Cleared) error {
	b := bufio.NewWriter(w)
	var order []privacy.Field
	groups := map[privacy.Field][]privacy.Item{}
	for _, i := range c.Items() {
		if i.Field.Kind == privacy.Text || strings.Contains(i.Field.Name, ".") {
			continue
		}
		if groups[i.Field] == nil {
			order = append(order, i.Field)
		}
		groups[i.Field] = append(groups[i.Field], i)
	}
	for _, f := range order {
		head(b, f)
		for _, i := range groups[f] {
			series(b, i)
		}
	}
	return b.Flush() // it keeps the first error of all writes
}

var typeNames = map[privacy.Kind]string{privacy.Gauge: "gauge", privacy.Info: "gauge", privacy.Counter: "counter", privacy.Distribution: "histogram"}

var helpEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`)

func head(b *bufio.Writer, f privacy.Field) {
	write(b, "# HELP ", f.Name, " ", helpEscaper.Replace(f.Help), "\n# TYPE ", f.Name, " ", typeNames[f.Kind], "\n")
}

func series(b *bufio.Writer, i privacy.Item) {
	f := i.Field
	if f.Kind != privacy.Distribution {
		line(b, f.Name, i, "", i.Value)
		return
	}
	sum := uint64(0)
	for n, count := range i.Hist.Counts {
		sum += count
		bound := math.Inf(1)
		if n < len(f.Bounds) {
			bound = f.Bounds[n]
		}
		line(b, f.Name+"_bucket", i, format(bound), float64(sum))
	}
	line(b, f.Name+"_sum", i, "", i.Hist.Sum)
	line(b, f.Name+"_count", i, "", float64(sum))
}

// write writes texts; Flush tells of its error.
func write(b *bufio.Writer, texts ...string) {
	for _, t := range texts {
		_, _ = b.WriteString(t)
	}
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// line writes one series; le is the bound of a bucket.
func line(b *bufio.Writer, name string, i privacy.Item, le string, v float64) {
	write(b, name)
	open := byte('{')
	label := func(key, value string) {
		_ = b.WriteByte(open)
		open = ','
		write(b, key, `="`, labelEscaper.Replace(value), `"`)
	}
	for n, l := range i.Field.Labels {
		label(l.Name, i.Labels[n])
	}
	if le != "" {
		label("le", le)
	}
	if open == ',' {
		_ = b.WriteByte('}')
	}
	write(b, " ", format(v), "\n")
}

func format(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
