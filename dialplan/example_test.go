package dialplan_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/dialplan"
)

func Example() {
	plan, err := dialplan.Parse("(<9,:>xx.|2xx)", dialplan.Sipura)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := plan.WithEmergency("112").NewMatch()
	for _, key := range []byte("9123") {
		r := m.Key(key)
		fmt.Println(m.Keys(), r.Status, r.Wait, r.OutsideTone)
	}
	fmt.Println(m.Timeout().Status, m.Number())
	// Output:
	// 9 partial 10s true
	// 91 complete 3s false
	// 912 complete 3s false
	// 9123 complete 3s false
	// done 123
}

func ExampleParse_faults() {
	_, err := dialplan.Parse("([1-|2!3)", dialplan.Sipura)
	fmt.Println(err)
	// Output:
	// dialplan: column 5: found '|', want the last digit of a range; dialplan: column 5: found '|', want ']'; dialplan: column 8: found '3', want the end of the rule after '!'
}
