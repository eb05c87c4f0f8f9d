package io.penumbra.simulator.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.scenario.InputFile;
import java.time.LocalDateTime;
import java.time.YearMonth;
import java.util.List;
import org.junit.jupiter.api.Test;

class FieldRecordsTest {

  static final String HEADER =
      "System,machine type,nodes,procstot,procsinnode,nodenum,nodenumz,node install,node prod,node"
          + " decom,fru type,mem,cputype,memtype,num intercon,purpose,Prob Started,Prob Fixed,Down"
          + " Time,Facilities,Hardware,Human Error,Network,Undetermined,Software,Same Event\n";
  private static final String MEMORY =
      "20,cluster,512,2048,4,7,7,1-Oct,1-Dec,current,part,16,3,1,2,compute,"
          + "6/21/2005 10:54,6/21/2005 11:00,6,,Memory Dimm,,,,,No\n";

  @Test
  void readsARecord() {
    FieldRecord failure = read(HEADER + MEMORY).getFirst();
    assertThat(failure.system()).isEqualTo(20);
    assertThat(failure.node()).hasValue(7);
    assertThat(failure.production()).contains(YearMonth.of(2001, 12));
    assertThat(failure.decommissioned()).isEmpty();
    assertThat(failure.started()).isEqualTo(LocalDateTime.of(2005, 6, 21, 10, 54));
    assertThat(failure.downMinutes()).isEqualTo(6);
    assertThat(failure.cause()).isEqualTo(FailureCause.MEMORY);
  }

  @Test
  void readsMonthsOfBothCenturiesAndQuotedCommas() {
    String old = MEMORY.replace("1-Dec", "Nov-96").replace("Memory Dimm", "\"Node Board, left\"");
    FieldRecord failure = read(HEADER + old).getFirst();
    assertThat(failure.production()).contains(YearMonth.of(1996, 11));
    assertThat(failure.cause()).isEqualTo(FailureCause.BOARD);
  }

  @Test
  void namesLineAndFieldOfWhatIsWrong() {
    assertBad("", "t:0", "header: is missing");
    assertBad("System,nodes\n", "t:1: header field 2: is 'nodes'; expected 'machine type'", "");
    assertBad(HEADER, "t:1", "records: are missing");
    assertBad(
        HEADER + MEMORY + "20,cluster,512\n",
        "t:3: record: has 3 fields; expected 26",
        "cut short");
    assertBad(
        HEADER + MEMORY.replace("6/21/2005 10:54", "21.6.2005"),
        "t:2: Prob Started: is '21.6.2005'",
        "expected month/day/year");
    assertBad(
        HEADER + MEMORY.replace("6/21/2005 10:54", "2/31/2005 10:54"), "t:2: Prob Started", "");
    assertBad(
        HEADER + MEMORY.replace("6/21/2005 11:00", "6/20/2005 11:00"),
        "t:2: Prob Fixed",
        "before Prob Started");
    assertBad(HEADER + MEMORY.replace(",6,,", ",-6,,"), "t:2: Down Time: is '-6'", "0 or more");
    assertBad(HEADER + MEMORY.replace("1-Dec", "December"), "t:2: node prod: is 'December'", "");
    assertBad(HEADER + MEMORY.replace("Memory Dimm", "\"Memory"), "t:2: field 21", "quote");
  }

  private static List<FieldRecord> read(String text) {
    return FieldRecords.read(InputFile.ofText("t", text));
  }

  private static void assertBad(String text, String place, String problem) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining(place.replace("t:0", "t:"))
        .hasMessageContaining(problem);
  }
}
