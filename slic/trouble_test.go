package slic

import (
	"errors"
	"fmt"
	"testing"
)

func TestTrouble(t *testing.T) {
	cause := errors.New("cause")
	inner := WithTrouble(NoAnswer, cause)
	outer := WithTrouble(WrongChip, fmt.Errorf("step: %w", inner))
	if got := TroubleOf(outer); got != NoAnswer || outer.Error() != "step: cause" || !errors.Is(outer, cause) {
		t.Errorf("trouble %q of %v, want the one nearest to the cause", got, outer)
	}
	if WithTrouble(NoAnswer, nil) != nil || TroubleOf(nil) != "" || TroubleOf(cause) != "" {
		t.Error("no error, or none with a trouble, has a trouble")
	}
}
