package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

// ErrNoLine is returned for a line that the board does not have.
var ErrNoLine = errors.New("agent: there is no such line")

// TestLine tests the wires of line n, from 1, and keeps the report for Status.
// It takes some seconds, during which a call comes first: the test then ends
// with slic.ErrTestInterrupted. A line that is in a call, or whose telephone is
// off hook and not yet given up, is not tested: slic.ErrTestBusy. Hardware that
// has nothing to measure with reports that.
func (a *Agent) TestLine(ctx context.Context, n int) (slic.TestReport, error) {
	if n < 1 || n > len(a.ports) {
		return slic.TestReport{}, fmt.Errorf("%w: %d, there are 1 to %d", ErrNoLine, n, len(a.ports))
	}
	p := a.ports[n-1]
	if err := p.testable(); err != nil {
		return slic.TestReport{}, err
	}
	r, err := p.testWires(ctx)
	if err != nil {
		return slic.TestReport{}, fmt.Errorf("agent: test line %d: %w", n, err)
	}
	p.tested.Store(&r)
	p.log.Info("line test", "failed", r.Failed())
	return r, nil
}

// testable says why the line cannot be tested now. What changes meanwhile the
// driver notices: it is told another feed.
func (p *port) testable() error {
	s := p.status.Load().line
	switch {
	case !s.PortUp:
		return fmt.Errorf("agent: line %d is out of service: %w (%s)", s.Line, slic.ErrTestBusy, s.PortError)
	case len(s.Calls) > 0:
		return fmt.Errorf("agent: line %d is in a call: %w", s.Line, slic.ErrTestBusy)
	case s.State != line.Idle.String() && s.State != line.Howling.String() && s.State != line.Locked.String():
		return fmt.Errorf("agent: line %d is %s: %w", s.Line, s.State, slic.ErrTestBusy)
	}
	return nil
}

func (p *port) testWires(ctx context.Context) (slic.TestReport, error) {
	t, ok := p.chip.(slic.LineTester)
	if !ok {
		return slic.Untestable(time.Now()), nil
	}
	r, err := t.TestLine(ctx)
	if errors.Is(err, slic.ErrUnsupported) {
		return slic.Untestable(time.Now()), nil
	}
	return r, err
}

func (a *Agent) serveLineTest(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		http.Error(w, fmt.Sprintf("%q is no number of a line", r.PathValue("n")), http.StatusBadRequest)
		return
	}
	report, err := a.TestLine(r.Context(), n)
	switch {
	case err == nil:
		writeJSON(w, report)
	case errors.Is(err, ErrNoLine):
		http.Error(w, err.Error(), http.StatusNotFound)
	default:
		http.Error(w, err.Error(), http.StatusConflict)
	}
}
