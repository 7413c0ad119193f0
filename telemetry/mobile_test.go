package telemetry

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/telemetry/modem"
)

// TestMobile has a modem that works, one that answers too late, and an owner who
// permits nothing, each for two periods.
func TestMobile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var wanted atomic.Bool
		var asked atomic.Int64
		var answer atomic.Value
		wanted.Store(true)
		type answerer = func(context.Context) (modem.Modem, bool, error)
		answer.Store(func(context.Context) (modem.Modem, bool, error) {
			return modem.Modem{
				State: "connected", Technologies: []modem.Technology{modem.LTE, modem.NR}, Operator: "Example Mobile",
				Signals: []modem.Signal{{Technology: modem.LTE, Kind: modem.RSRP, Value: -92}},
			}, true, nil
		})
		m := &mobile{wanted: wanted.Load, read: func(ctx context.Context) (modem.Modem, bool, error) {
			asked.Add(1)
			return answer.Load().(answerer)(ctx)
		}}
		done := make(chan struct{})
		go func() {
			defer close(done)
			m.run(ctx)
		}()
		synctest.Wait()
		got, err := collect(t, m)
		want := []string{
			"ata_modem_signal_dbm{rsrp,lte} -92", "ata_modem_access_technology_info{lte} ", "ata_modem_access_technology_info{5gnr} ",
			"ata_modem_state_info{connected} ", "ata_modem_operator_info{Example Mobile} ",
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, got\n%s", err, strings.Join(got, "\n"))
		}
		answer.Store(func(ctx context.Context) (modem.Modem, bool, error) {
			<-ctx.Done()
			return modem.Modem{}, false, ctx.Err()
		})
		time.Sleep(modemPeriod + modemWait)
		synctest.Wait()
		if got, err := collect(t, m); len(got) > 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("of a modem that is silent: %q, %v", got, err)
		}
		if _, err := collect(t, m); err != nil {
			t.Errorf("the same look fails again: %v", err)
		}
		wanted.Store(false)
		asked.Store(0)
		time.Sleep(2 * modemPeriod)
		if got, err := collect(t, m); len(got) > 0 || err != nil || asked.Load() > 0 {
			t.Errorf("with nobody to know it was asked %d times: %q, %v", asked.Load(), got, err)
		}
		stop()
		<-done
	})
}
