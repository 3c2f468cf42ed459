import { Names } from 'aws-cdk-lib';
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation, type CfnWebACLProps } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import { type LogKeeping, logGroup } from './logs.ts';
import { rateWindowSeconds, reconnectLimit } from './reconnect-rate.ts';

export interface StreamWebAclProps extends Partial<LogKeeping> {
  readonly policy: StreamPolicy;
  /** Whether what is found is refused, or let through and counted. @default 'block' */
  readonly mode?: 'count' | 'block';
  /** Users behind one address: an office, a carrier. No fewer than their reconnects pass. @default 200 */
  readonly usersPerAddress?: number;
  /**
   * Whose address counts: the one that connects, or, behind a CDN, the first in X-Forwarded-For, which clients can make up.
   * @default 'connection'
   */
  readonly clientAddress?: 'connection' | 'forwarded';
  /** Any other property of the web ACL; wins over what this construct sets. @default - none */
  readonly webAclProps?: Partial<CfnWebACLProps>;
}

/** Rules of AWSManagedRulesCommonRuleSet that find fault with what is right here; they count in either mode. */
const harmless: Readonly<Record<string, string>> = {
  SizeRestrictions_BODY: 'refuses bodies above 8 KiB; maxEventBytes is the limit, and the service keeps it',
  SizeRestrictions_QUERYSTRING: 'refuses more than 2 KiB; a stream names all its channels there',
  NoUserAgent_HEADER: 'publishers are programs, and many of them give none',
  CrossSiteScripting_BODY: 'an event may carry markup; whoever shows it escapes it',
  GenericLFI_BODY: 'an event may carry paths',
  GenericRFI_BODY: 'an event may carry URLs',
  EC2MetaDataSSRF_BODY: 'an event may carry addresses; the service fetches none of them',
  RestrictedExtensions_URIPATH: 'names of channels may end in .log and the like',
  RestrictedExtensions_QUERYARGUMENTS: 'so may those that a stream asks for',
};

/** Groups that AWS keeps, in the order they are asked; 925 of the 1500 units that a web ACL has for its price. */
const managed = ['AWSManagedRulesAmazonIpReputationList', 'AWSManagedRulesKnownBadInputsRuleSet'] as const;

/**
 * A web ACL in front of streams. It looks at requests and never at responses, so that a stream that is open is out of its
 * reach. What it refuses is for good: WAF can choose a status and a body but no Content-Type, so that its answer can be no
 * event stream, and an EventSource never comes back. Hence rules that do not fit are counted, and the rate is generous.
 */
export class StreamWebAcl extends Construct {
  readonly webAcl: CfnWebACL;
  /** What was refused or counted, without what could be used to get in. */
  readonly logGroup: LogGroup;
  /** Requests of one address in five minutes above which it is no storm of reconnects but a flood. */
  readonly rateLimit: number;
  private readonly mode: 'count' | 'block';

  /** @throws PolicyError when the storm that the policy allows is more than a rate rule can count. */
  constructor(scope: Construct, id: string, props: StreamWebAclProps) {
    super(scope, id);
    const { policy, mode = 'block', usersPerAddress = 200, webAclProps } = props;
    this.mode = mode;
    this.rateLimit = reconnectLimit(policy, usersPerAddress);
    this.webAcl = new CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('WebAcl'),
      rules: [
        ...managed.map((name, index) => this.managedRule(name, index)),
        this.commonRule(2),
        this.rateRule(3, props),
      ],
      ...webAclProps,
    });
    this.logGroup = this.logTo(props);
  }

  /** Puts the web ACL in front of a balancer. */
  protect(balancer: IApplicationLoadBalancer): void {
    new CfnWebACLAssociation(this, 'Association', {
      resourceArn: balancer.loadBalancerArn,
      webAclArn: this.webAcl.attrArn,
    });
  }

  private managedRule(name: string, priority: number, more: object = {}): CfnWebACL.RuleProperty {
    return {
      name,
      priority,
      statement: { managedRuleGroupStatement: { vendorName: 'AWS', name, ...more } },
      overrideAction: this.mode === 'block' ? { none: {} } : { count: {} },
      visibilityConfig: visibility(name),
    };
  }

  private commonRule(priority: number): CfnWebACL.RuleProperty {
    const ruleActionOverrides = Object.keys(harmless).map((name) => ({ name, actionToUse: { count: {} } }));
    return this.managedRule('AWSManagedRulesCommonRuleSet', priority, { ruleActionOverrides });
  }

  private rateRule(priority: number, { clientAddress }: StreamWebAclProps): CfnWebACL.RuleProperty {
    const forwarded = {
      aggregateKeyType: 'FORWARDED_IP',
      forwardedIpConfig: { headerName: 'X-Forwarded-For', fallbackBehavior: 'NO_MATCH' },
    };
    return {
      name: 'Flood',
      priority,
      statement: {
        rateBasedStatement: {
          limit: this.rateLimit,
          evaluationWindowSec: rateWindowSeconds,
          ...(clientAddress === 'forwarded' ? forwarded : { aggregateKeyType: 'IP' }),
        },
      },
      // programs understand 429; for a browser's stream any refusal is the last
      action: this.mode === 'block' ? { block: { customResponse: tooMany } } : { count: {} },
      visibilityConfig: visibility('Flood'),
    };
  }

  private logTo({ logDays = 7, retainData = false }: StreamWebAclProps): LogGroup {
    // WAF writes to no log group of another name (WAF developer guide, "Logging", CloudWatch Logs)
    const logGroupName = `aws-waf-logs-${Names.uniqueResourceName(this, { maxLength: 128 })}`;
    const group = logGroup(this, 'Logs', { logDays, retainData }, { logGroupName });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: this.webAcl.attrArn,
      logDestinationConfigs: [group.logGroupArn],
      redactedFields: [
        { queryString: {} },
        { singleHeader: { Name: 'authorization' } },
        { singleHeader: { Name: 'cookie' } },
      ],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: ['BLOCK', 'COUNT'].map((Action) => ({ ActionCondition: { Action } })),
          },
        ],
      },
    });
    return group;
  }
}

const tooMany = {
  responseCode: 429,
  responseHeaders: [{ name: 'Retry-After', value: String(rateWindowSeconds) }],
};

/** Metrics, and no samples: these would show whole requests, tokens included, to whoever may look at the console. */
function visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { cloudWatchMetricsEnabled: true, metricName, sampledRequestsEnabled: false };
}
